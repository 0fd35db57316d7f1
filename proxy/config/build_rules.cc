#include "proxy/config/build_rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "proxy/config/duration.h"
#include "proxy/config/form.h"

namespace proxy {
namespace {

using greylist::Condition;
using Action = greylist::Rule::Action;

class RuleBuilder {
 public:
  RuleBuilder(const Settings& settings, std::string key, ConfigProblems& problems)
      : settings_(settings), key_(std::move(key)), problems_(problems) {}

  greylist::Rule build(const Settings::Rule& from) {
    greylist::Rule rule{.name = from.name};
    if (from.name.empty()) wrong("name", "required: how the log is to call the rule");
    const auto action = greylist::parse_rule_action(from.action);
    if (!action) wrong("action", "required: \"allow\", \"greylist\", \"block\" or \"put_off\"");
    rule.action = action.value_or(Action::greylist);
    add(rule.when, "when", from.when, false);
    add(rule.when, "when.not", from.unless, true);
    rule.delay = from.delay;
    if (action) check_delay(from, *action);
    if (action && from.reply != Settings::RuleReply()) rule.reply = reply(from.reply, *action);
    return rule;
  }

 private:
  void wrong(const std::string& what, std::string why) { problems_.push_back({key_ + "." + what, std::move(why)}); }

  void add(std::vector<Condition>& all, const std::string& where, const Settings::Conditions& from, bool negated) {
    const auto put = [&](auto test) { all.push_back({std::move(test), negated}); };
    const auto enumerated = [](const auto& words, auto parse) {
      std::vector<typename decltype(parse(""))::value_type> any;
      for (const auto& word : words)
        if (const auto value = parse(word)) any.push_back(*value);
      return any;
    };
    if (!from.client.empty()) put(Condition::Client{entries<greylist::ClientList>(where + ".client", from.client)});
    if (!from.helo.empty()) put(Condition::Helo{greylist::DomainList(from.helo)});
    if (!from.sender.empty()) put(Condition::Sender{entries<greylist::AddressList>(where + ".sender", from.sender)});
    if (!from.recipient.empty())
      put(Condition::Recipient{entries<greylist::AddressList>(where + ".recipient", from.recipient)});
    if (from.null_sender) put(Condition::NullSender{*from.null_sender});
    if (from.early_talker == !negated && settings_.greylist.greeting_delay == Duration::zero())
      wrong(where + ".early_talker", "can never hold: greylist.greeting_delay is \"0s\"");
    if (from.early_talker) put(Condition::EarlyTalker{*from.early_talker});
    if (!from.tls.empty()) put(Condition::TlsIs{from.tls});
    if (!from.time.empty()) put(Condition::At{times(from.time)});
    if (!from.rdns.empty()) put(Condition::Rdns{greylist::DomainList(from.rdns)});
    if (!from.fcrdns.empty()) put(Condition::FcrdnsIs{enumerated(from.fcrdns, greylist::parse_fcrdns)});
    if (!from.spf.empty()) put(Condition::SpfIs{enumerated(from.spf, greylist::parse_spf)});
    if (!from.dns_list.empty()) put(Condition::DnsList{known_lists(where + ".dns_list", from.dns_list)});
    if (!from.reputation.empty()) put(Condition::ReputationIs{enumerated(from.reputation, greylist::parse_standing)});
    if (!from.rate.empty()) put(Condition::MoreThan{enumerated(from.rate, parse_rate)});
    if (settings_.dns.enabled) return;
    for (const auto& [name, is_asked] : {std::pair{".rdns", !from.rdns.empty()},
                                         {".fcrdns", !from.fcrdns.empty()},
                                         {".spf", !from.spf.empty()},
                                         {".dns_list", !from.dns_list.empty()}})
      if (is_asked) wrong(where + name, "the DNS would have to be asked, and dns.enabled is false");
  }

  template <class List>
  List entries(const std::string& where, const std::vector<std::string>& texts) {
    List list;
    for (const auto& text : texts)
      if (const auto added = list.add(text); !added) wrong(where, "\"" + text + "\": " + added.error());
    return list;
  }

  std::vector<std::string> known_lists(const std::string& where, const std::vector<std::string>& names) {
    const auto& dns = settings_.dns;
    const auto has = [](const auto& lists, const std::string& name) {
      return std::ranges::find(lists, name, &Settings::DnsList::name) != lists.end();
    };
    for (const auto& name : names)
      if (name == greylist::enough_lists) {
        if (dns.block_lists.empty()) wrong(where, "\"block_lists\" can never hold: dns.block_lists is empty");
      } else if (!has(dns.allow_lists, name) && !has(dns.block_lists, name))
        wrong(where, "\"" + name + "\" is none of dns.allow_lists and dns.block_lists");
    return names;
  }

  static std::vector<greylist::TimeOfWeek> times(const std::vector<std::string>& texts) {
    std::vector<greylist::TimeOfWeek> times;
    for (const auto& text : texts)
      if (const auto time = greylist::TimeOfWeek::parse(text)) times.push_back(*time);  // else the loader has told
    return times;
  }

  void check_delay(const Settings::Rule& from, Action action) {
    if (!from.delay) return;
    const auto window = settings_.greylist.limits.retry_window;
    if (action != Action::greylist)
      wrong("delay", "only with action \"greylist\": nothing else waits");
    else if (*from.delay >= window)
      wrong("delay", "must be shorter than greylist.retry_window (" + duration_text(window) +
                         "), or no retry ever passes; got \"" + duration_text(*from.delay) + "\"");
  }

  std::optional<greylist::ReplyTemplate> reply(const Settings::RuleReply& from, Action action) {
    if (action == Action::allow || action == Action::greylist) {
      wrong("reply", "only with action \"block\" or \"put_off\"");
      return std::nullopt;
    }
    const bool blocks = action == Action::block;
    greylist::ReplyTemplate reply = settings_.greylist.reply;
    if (blocks) reply = {.code = 554, .enhanced = "5.7.1", .text = "Blocked by local policy", .url = reply.url};
    if (from.code > 0) reply.code = static_cast<int>(from.code);
    if (!from.enhanced.empty()) reply.enhanced = from.enhanced;
    if (!from.text.empty()) reply.text = from.text;
    // Others say something else: 551 "try there", 552 and 452 are for too many recipients (RFC 5321 §4.5.3.1.10).
    static constexpr std::array for_good{550, 553, 554, 556};
    static constexpr std::array for_now{450, 451};
    if (blocks && std::ranges::find(for_good, reply.code) == for_good.end())
      wrong("reply.code", "550, 553, 554 or 556, since the action is \"block\"");
    if (!blocks && std::ranges::find(for_now, reply.code) == for_now.end())
      wrong("reply.code", "450 or 451, since the action is \"put_off\"");
    const bool of_its_class = reply.enhanced.starts_with(blocks ? "5." : "4.");
    if (!of_its_class || expected_instead(Form::enhanced, "4" + reply.enhanced.substr(1)))
      wrong("reply.enhanced",
            std::string("an enhanced status code ") + (blocks ? "5.x.x such as \"5.7.1\"" : "4.x.x such as \"4.2.0\""));
    if (const auto good = greylist::check(reply); !good) wrong("reply.text", good.error());
    return reply;
  }

  const Settings& settings_;
  const std::string key_;
  ConfigProblems& problems_;
};

}  // namespace

std::vector<greylist::Rule> build_rules(const Settings& settings, ConfigProblems& problems) {
  std::vector<greylist::Rule> rules;
  std::set<std::string> names;
  for (std::size_t i = 0; i < settings.rules.size(); ++i) {
    const auto key = "rules[" + std::to_string(i) + "]";
    rules.push_back(RuleBuilder(settings, key, problems).build(settings.rules[i]));
    const auto& name = rules.back().name;
    if (!name.empty() && !names.insert(name).second)
      problems.push_back({key + ".name", "another rule is called \"" + name + "\" already"});
  }
  return rules;
}

}  // namespace proxy
