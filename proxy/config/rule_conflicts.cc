#include "proxy/config/rule_conflicts.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string_view>

#include "greylist/ascii.h"

namespace proxy {
namespace {

using Conditions = Settings::Conditions;
using Texts = std::set<std::string>;

struct Field {
  std::string_view name;
  std::vector<std::string> Conditions::* values;
};
constexpr std::array lists{Field{"client", &Conditions::client}, Field{"helo", &Conditions::helo},
                           Field{"rdns", &Conditions::rdns},     Field{"dns_list", &Conditions::dns_list},
                           Field{"sender", &Conditions::sender}, Field{"recipient", &Conditions::recipient},
                           Field{"rate", &Conditions::rate},     Field{"time", &Conditions::time}};

// Conditions whose values can all be counted.
struct Choice {
  std::string_view name;
  std::span<const std::string_view> all;
  std::vector<std::string> Conditions::* values;
};
constexpr Choice fcrdns{"fcrdns", greylist::fcrdns_words, &Conditions::fcrdns};
constexpr std::array choices{fcrdns, Choice{"spf", greylist::spf_words, &Conditions::spf},
                             Choice{"reputation", greylist::standing_words, &Conditions::reputation},
                             Choice{"tls", greylist::tls_words, &Conditions::tls}};

Texts texts(const std::vector<std::string>& values) {
  Texts set;
  for (const auto& value : values) set.insert(greylist::ascii::lowered(value.substr(value.starts_with("*.") ? 1 : 0)));
  return set;
}

bool covers(const Texts& all, const Texts& some) { return std::ranges::includes(all, some); }

// The values with which the rule holds.
Texts left(const Choice& choice, const Settings::Rule& rule) {
  auto values = texts(rule.when.*choice.values);
  if (values.empty()) values.insert(choice.all.begin(), choice.all.end());
  for (const auto& excluded : rule.unless.*choice.values) values.erase(excluded);
  return values;
}

struct Flag {
  std::string_view name;
  std::optional<bool> Conditions::* value;
};
constexpr Flag null_sender{"null_sender", &Conditions::null_sender};
constexpr std::array flags{null_sender, Flag{"early_talker", &Conditions::early_talker}};

// Of false and true.
std::set<bool> left(const Flag& flag, const Settings::Rule& rule) {
  std::set<bool> values{false, true};
  if (const auto wanted = rule.when.*flag.value) values = {*wanted};
  if (const auto excluded = rule.unless.*flag.value) values.erase(*excluded);
  return values;
}

// Whether `earlier` holds wherever `later` does.
bool hides(const Settings::Rule& earlier, const Settings::Rule& later) {
  const auto list_covers = [&](const Field& list) {
    const auto wanted = texts(earlier.when.*list.values), given = texts(later.when.*list.values);
    return (wanted.empty() || (!given.empty() && covers(wanted, given))) &&
           covers(texts(later.unless.*list.values), texts(earlier.unless.*list.values));
  };
  const auto choice_covers = [&](const Choice& choice) { return covers(left(choice, earlier), left(choice, later)); };
  const auto flag_covers = [&](const Flag& flag) {
    return std::ranges::includes(left(flag, earlier), left(flag, later));
  };
  return std::ranges::all_of(lists, list_covers) && std::ranges::all_of(choices, choice_covers) &&
         std::ranges::all_of(flags, flag_covers);
}

void check_alone(const Settings::Rule& rule, const std::string& key, ConfigProblems& problems) {
  const auto never = [&](std::string_view condition, const std::string& why) {
    problems.push_back({key + ".when." + std::string(condition), "the rule can never hold: " + why});
  };
  for (const auto& list : lists) {
    const auto wanted = texts(rule.when.*list.values);
    if (!wanted.empty() && covers(texts(rule.unless.*list.values), wanted))
      never(list.name, "all of this is in \"not\" too");
  }
  for (const auto& choice : choices)
    if (left(choice, rule).empty()) never(choice.name, "\"not\" leaves no value");
  for (const auto& flag : flags)
    if (left(flag, rule).empty()) never(flag.name, "\"not\" leaves no value");
  if (!left(null_sender, rule).contains(false) && !rule.when.sender.empty())
    never("sender", "the null sender matches no entry");
  if (!rule.when.rdns.empty() && !left(fcrdns, rule).contains("pass"))
    never("rdns", "only a client with fcrdns \"pass\" has a confirmed name");
}

}  // namespace

ConfigProblems rule_conflicts(const Settings& settings) {
  ConfigProblems problems;
  const auto& rules = settings.rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto key = "rules[" + std::to_string(i) + "]";
    check_alone(rules[i], key, problems);
    const auto earlier = std::span(rules).first(i);
    const auto hiding = std::ranges::find_if(earlier, [&](const auto& rule) { return hides(rule, rules[i]); });
    if (hiding != earlier.end())
      problems.push_back({key, "can never be reached: rules[" + std::to_string(hiding - earlier.begin()) + "] (\"" +
                                   hiding->name + "\") holds wherever it would"});
  }
  return problems;
}

}  // namespace proxy
