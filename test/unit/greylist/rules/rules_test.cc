#include "greylist/rules/rules.h"

#include <doctest/doctest.h>

#include <array>

#include "greylist/policy.h"

using namespace greylist;

namespace {

template <class List>
List list_of(const char* entry) {
  List list;
  REQUIRE(list.add(entry));
  return list;
}

Condition client(const char* entry) { return {Condition::Client{list_of<ClientList>(entry)}}; }
Condition sender(const char* entry) { return {Condition::Sender{list_of<AddressList>(entry)}}; }
Condition recipient(const char* entry) { return {Condition::Recipient{list_of<AddressList>(entry)}}; }
Condition helo(const char* name) { return {Condition::Helo{DomainList({name})}}; }
Condition rdns(const char* name) { return {Condition::Rdns{DomainList({name})}}; }
Condition fcrdns(std::vector<Fcrdns> any) { return {Condition::FcrdnsIs{std::move(any)}}; }
Condition spf(std::vector<Spf> any) { return {Condition::SpfIs{std::move(any)}}; }
Condition tls(std::vector<std::string> any) { return {Condition::TlsIs{std::move(any)}}; }
Condition null_sender(bool is) { return {Condition::NullSender{is}}; }
Condition dns_list(std::vector<std::string> any) { return {Condition::DnsList{std::move(any)}}; }
Condition early_talker(bool is) { return {Condition::EarlyTalker{is}}; }
Condition reputation(std::vector<Standing> any) { return {Condition::ReputationIs{std::move(any)}}; }
Condition more_than(std::vector<Rate> any) { return {Condition::MoreThan{std::move(any)}}; }
Condition at(const char* text) { return {Condition::At{{TimeOfWeek::parse(text).value()}}}; }

const Attempt asked{IpAddress::parse("192.0.2.7").value(), "mail.s.example", "alice@s.example", "bob@example.org"};
const Attempt bounce{asked.client, asked.helo, "", asked.recipient};
const NameEvidence confirmed{Fcrdns::pass, "mta7.out.s.example"}, nameless{Fcrdns::none, ""};
constexpr Duration hour = std::chrono::hours(1);
const Time monday = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(12);

const char* text(const std::expected<bool, LookUp>& found) {
  if (found) return *found ? "yes" : "no";
  switch (found.error()) {
    case LookUp::name: return "name?";
    case LookUp::spf: return "spf?";
    case LookUp::lists: return "lists?";
    case LookUp::conduct: break;
  }
  return "conduct?";
}

}  // namespace

TEST_CASE("each condition holds where it should, and its negation where it doesn't") {
  struct Row {
    const char* why;
    Condition condition;
    Attempt attempt;
    Evidence evidence;
    const char* found;
  };
  const Evidence none, named{.name = confirmed}, unnamed{.name = nameless};
  std::array rows{
      Row{"client's network", client("192.0.2.0/24"), asked, none, "yes"},
      Row{"another network", client("198.51.100.0/24"), asked, none, "no"},
      Row{"client by name, not looked up", client(".s.example"), asked, none, "name?"},
      Row{"client by name", client(".s.example"), asked, named, "yes"},
      Row{"client by another name", client("x.example"), asked, named, "no"},
      Row{"client without a name", client(".s.example"), asked, unnamed, "no"},
      Row{"HELO", helo("MAIL.s.example"), asked, none, "yes"},
      Row{"another HELO", helo("s.example"), asked, none, "no"},
      Row{"HELO's domain", helo("*.s.example"), asked, none, "yes"},
      Row{"name not looked up", rdns("*.s.example"), asked, none, "name?"},
      Row{"name", rdns("*.out.s.example"), asked, named, "yes"},
      Row{"another name", rdns("s.example"), asked, named, "no"},
      Row{"any name, none there", rdns("*"), asked, unnamed, "no"},
      Row{"confirmation not looked up", fcrdns({Fcrdns::none}), asked, none, "name?"},
      Row{"no name", fcrdns({Fcrdns::fail, Fcrdns::none}), asked, unnamed, "yes"},
      Row{"a confirmed name", fcrdns({Fcrdns::fail, Fcrdns::none}), asked, named, "no"},
      Row{"SPF not looked up", spf({Spf::pass}), asked, none, "spf?"},
      Row{"SPF", spf({Spf::fail, Spf::softfail}), asked, {.spf = Spf::softfail}, "yes"},
      Row{"SPF else", spf({Spf::fail, Spf::softfail}), asked, {.spf = Spf::none}, "no"},
      Row{"lists not asked", dns_list({"bad"}), asked, none, "lists?"},
      Row{"on a list", dns_list({"worse", "bad"}), asked, {.lists = {{"good", "bad"}}}, "yes"},
      Row{"on other lists", dns_list({"worse", "bad"}), asked, {.lists = {{"good"}}}, "no"},
      Row{"reputation not asked", reputation({Standing::bad}), asked, none, "conduct?"},
      Row{"reputation", reputation({Standing::bad}), asked, {.conduct = Conduct{Standing::bad, {}}}, "yes"},
      Row{"another reputation", reputation({Standing::good}), asked, {.conduct = Conduct()}, "no"},
      Row{"rate not asked", more_than({{5, hour}}), asked, none, "conduct?"},
      Row{"more than that", more_than({{5, hour}}), asked, {.conduct = Conduct{{}, {{hour, 5.1}}}}, "yes"},
      Row{"no more", more_than({{5, hour}}), asked, {.conduct = Conduct{{}, {{hour, 5}}}}, "no"},
      Row{"more in another period",
          more_than({{5, hour}, {9, 24 * hour}}),
          asked,
          {.conduct = Conduct{{}, {{hour, 1}, {24 * hour, 10}}}},
          "yes"},
      Row{"nobody in particular", more_than({{0, hour}}), asked, {.conduct = Conduct()}, "no"},
      Row{"an early talker", early_talker(true), asked, {.early_talker = true}, "yes"},
      Row{"no early talker", early_talker(true), asked, none, "no"},
      Row{"sender", sender("@s.example"), asked, none, "yes"},
      Row{"another sender", sender("carol@s.example"), asked, none, "no"},
      Row{"the null sender is in no list", sender("@s.example"), bounce, none, "no"},
      Row{"recipient", recipient("bob@"), asked, none, "yes"},
      Row{"another recipient", recipient("@s.example"), asked, none, "no"},
      Row{"a bounce", null_sender(true), bounce, none, "yes"},
      Row{"no bounce", null_sender(true), asked, none, "no"},
      Row{"no bounce wanted", null_sender(false), bounce, none, "no"},
      Row{"in the clear", tls({"none"}), asked, none, "yes"},
      Row{"TLS 1.3", tls({"1.2", "1.3"}), asked, {.tls = "1.3"}, "yes"},
      Row{"TLS wanted", tls({"1.2", "1.3"}), asked, none, "no"},
      Row{"a day", at("Mon"), asked, none, "yes"},
      Row{"another day", at("Sat-Sun"), asked, none, "no"},
  };
  for (auto& [why, condition, attempt, evidence, found] : rows) {
    CAPTURE(why);
    const std::string_view expected = found;
    CHECK(text(holds(condition, attempt, evidence, monday)) == expected);
    const auto* negated = expected == "yes" ? "no" : expected == "no" ? "yes" : found;
    condition.negated = true;
    CHECK(text(holds(condition, attempt, evidence, monday)) == std::string_view(negated));
  }
}

TEST_CASE("the first rule decides whose conditions all hold, and no look-up is wasted") {
  std::vector<Rule> rules;
  const auto rule = [&](const char* name, auto... conditions) {
    rules.push_back({.name = name});
    (rules.back().when.push_back(std::move(conditions)), ...);
  };
  rule("other network", client("198.51.100.0/24"), fcrdns({Fcrdns::none}));
  rule("nameless bounce", null_sender(true), fcrdns({Fcrdns::none}));
  rule("bad SPF", spf({Spf::fail}), recipient("@example.org"));
  rule("rest");
  const auto name_of = [&](const Attempt& attempt, const Evidence& evidence) -> std::string {
    const auto found = first_match(rules, attempt, evidence, monday);
    if (!found) return found.error() == LookUp::name ? "name?" : "spf?";
    return (*found)->name;
  };
  CHECK(name_of(asked, {}) == "spf?");
  CHECK(name_of(bounce, {}) == "name?");
  CHECK(name_of(bounce, {.name = nameless}) == "nameless bounce");
  CHECK(name_of(bounce, {.name = confirmed}) == "spf?");
  CHECK(name_of(asked, {.spf = Spf::fail}) == "bad SPF");
  CHECK(name_of(asked, {.spf = Spf::pass}) == "rest");
  CHECK(first_match({}, asked, {}, monday).value() == nullptr);
  rules.resize(1);
  CHECK(first_match(rules, asked, {}, monday).value() == nullptr);
}

TEST_CASE("a rule's delay takes the place of the policy's") {
  Policy policy;
  Rule rule;
  CHECK(limits_under(policy, nullptr).delay == std::chrono::minutes(5));
  CHECK(limits_under(policy, &rule).delay == std::chrono::minutes(5));
  rule.delay = std::chrono::hours(1);
  CHECK(limits_under(policy, &rule).delay == std::chrono::hours(1));
  CHECK(limits_under(policy, &rule).lifetime == policy.limits.lifetime);
}

TEST_CASE("words") {
  for (const auto action : {Rule::Action::allow, Rule::Action::greylist, Rule::Action::block, Rule::Action::put_off})
    CHECK(parse_rule_action(word(action)) == action);
  CHECK_FALSE(parse_rule_action("refuse"));
  for (const auto spf_word : spf_words) CHECK(word(parse_spf(spf_word).value()) == spf_word);
  for (const auto fcrdns_word : fcrdns_words) CHECK(word(parse_fcrdns(fcrdns_word).value()) == fcrdns_word);
  CHECK_FALSE(parse_spf("Pass"));
  CHECK_FALSE(parse_fcrdns("temperror"));
}
