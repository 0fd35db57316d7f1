#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "proxy/config/build_policy.h"
#include "proxy/config/load.h"
#include "test/unit/proxy/temporary_directory.h"

using nlohmann::json;
using proxy::ConfigProblems;

namespace {

std::expected<proxy::Settings, ConfigProblems> with_rules(std::string_view rules, bool dns = true) {
  const json all{{"hostname", "mx1.example.org"},
                 {"backend", {{"addresses", {"127.0.0.1:10025"}}}},
                 {"domains", {"example.org"}},
                 {"dns", {{"enabled", dns}}},
                 {"rules", json::parse(rules)}};
  const TemporaryDirectory directory;
  return proxy::load_settings(directory.write("greygate.json", all.dump()));
}

std::string problems(std::string_view rules, bool dns = true) {
  const auto loaded = with_rules(rules, dns);
  std::string text;
  if (!loaded)
    for (const auto& problem : loaded.error()) text += problem.key + ": " + problem.what + "\n";
  return text;
}

}  // namespace

TEST_CASE("a rule with everything") {
  const auto loaded = with_rules(R"([
    {"name": "all", "action": "put_off", "reply": {"code": 451, "enhanced": "4.7.1", "text": "Not now, {sender}"},
     "when": {"client": "192.0.2.0/24", "helo": ["a.example", "b.example"], "rdns": "*.s.example", "fcrdns": ["pass"],
              "spf": "fail", "sender": "@s.example", "recipient": ["bob@"], "null_sender": false, "tls": ["1.2", "1.3"],
              "time": "Mon-Fri 08:00-18:00", "not": {"client": "192.0.2.7", "spf": ["none", "pass"]}}},
    {"name": "patience", "action": "greylist", "delay": "1h", "when": {"fcrdns": "fail"}},
    {"name": "rest", "action": "allow"}])");
  REQUIRE_MESSAGE(loaded, problems("[]"));
  const auto policy = proxy::build_policy(*loaded);
  REQUIRE(policy);
  REQUIRE(policy->rules.size() == 3);
  const auto& [name, when, action, delay, reply] = policy->rules[0];
  CHECK(name == "all");
  CHECK(when.size() == 12);
  CHECK(std::ranges::count(when, true, &greylist::Condition::negated) == 2);
  CHECK(action == greylist::Rule::Action::put_off);
  REQUIRE(reply);
  CHECK(reply->code == 451);
  CHECK(reply->enhanced == "4.7.1");
  CHECK(reply->text == "Not now, {sender}");
  CHECK(policy->rules[1].delay == std::chrono::hours(1));
  CHECK_FALSE(policy->rules[1].reply);
  CHECK(policy->rules[2].when.empty());

  const TemporaryDirectory directory;
  const auto effective = proxy::effective_json(*loaded);
  const auto again = proxy::load_settings(directory.write("effective.json", effective));
  REQUIRE(again);
  CHECK(proxy::effective_json(*again) == effective);
}

TEST_CASE("a reply has its action's codes unless it names others") {
  const auto loaded = with_rules(R"([
    {"name": "a", "when": {"spf": "fail"}, "action": "block", "reply": {"text": "No"}},
    {"name": "b", "when": {"spf": "none"}, "action": "put_off", "reply": {"code": 451}},
    {"name": "c", "action": "block"}])");
  REQUIRE(loaded);
  const auto policy = proxy::build_policy(*loaded).value();
  CHECK(policy.rules[0].reply->code == 554);
  CHECK(policy.rules[0].reply->enhanced == "5.7.1");
  CHECK(policy.rules[1].reply->code == 451);
  CHECK(policy.rules[1].reply->enhanced == "4.2.0");
  CHECK(policy.rules[1].reply->text == loaded->greylist.reply.text);
  CHECK_FALSE(policy.rules[2].reply);
}

TEST_CASE("what is wrong with a rule is told by its key") {
  struct Row {
    const char* rules;
    const char* expected;
  };
  for (const auto& [rules, expected] : {
           Row{R"([{"action": "allow"}])", "rules[0].name: required: how the log is to call the rule\n"},
           Row{R"([{"name": "x"}])", "rules[0].action: required: \"allow\", \"greylist\", \"block\" or \"put_off\"\n"},
           Row{R"([{"name": "x", "action": "refuse"}])",
               "rules[0].action: expected \"allow\", \"greylist\", \"block\" or \"put_off\", got \"refuse\"\n"},
           Row{R"([{"name": "x", "action": "allow", "when": {"spf": "passed"}}])",
               "rules[0].when.spf: expected \"none\", \"neutral\", \"pass\", \"fail\", \"softfail\", \"temperror\" or "
               "\"permerror\", got \"passed\"\n"},
           Row{R"([{"name": "x", "action": "allow", "when": {"sender": []}}])",
               "rules[0].when.sender: expected at least one value, got an array\n"},
           Row{R"([{"name": "x", "action": "allow", "when": {"client": "192.0.2.0/33"}}])", "rules[0].when.client: "},
           Row{R"([{"name": "x", "action": "allow", "when": {"not": {"recipient": ["@"]}}}])",
               "rules[0].when.not.recipient: "},
           Row{R"([{"name": "x", "action": "allow", "when": {"tls": 1.2}}])",
               "rules[0].when.tls: expected \"none\", \"1.2\" or \"1.3\", got 1.2\n"},
           Row{R"([{"name": "x", "action": "allow", "when": {"time": "9 to 5"}}])",
               "rules[0].when.time: expected days and hours such as"},
           Row{R"([{"name": "x", "action": "allow", "when": {"null_sender": "yes"}}])",
               "rules[0].when.null_sender: expected true or false, got \"yes\"\n"},
           Row{R"([{"name": "x", "action": "allow", "when": {"sendr": "a@b.example"}}])",
               "rules[0].when.sendr: unknown key; did you mean \"rules[].when.sender\"?\n"},
           Row{R"([{"name": "x", "action": "allow", "delay": "1h"}])", "rules[0].delay: only with action \"greylist\""},
           Row{R"([{"name": "x", "action": "greylist", "delay": "2d"}])",
               "rules[0].delay: must be shorter than greylist.retry_window (2d), or no retry ever passes; got "
               "\"2d\"\n"},
           Row{R"([{"name": "x", "action": "greylist", "reply": {"text": "No"}}])", "rules[0].reply: only with action"},
           Row{R"([{"name": "x", "action": "block", "reply": {"code": 450}}])",
               "rules[0].reply.code: 550, 553, 554 or 556"},
           Row{R"([{"name": "x", "action": "put_off", "reply": {"code": 550}}])", "rules[0].reply.code: 450 or 451"},
           Row{R"([{"name": "x", "action": "block", "reply": {"enhanced": "4.7.1"}}])", "rules[0].reply.enhanced: "},
           Row{R"([{"name": "x", "action": "block", "reply": {"enhanced": "5.7"}}])", "rules[0].reply.enhanced: "},
           Row{R"([{"name": "x", "action": "block", "reply": {"text": "{sendr}"}}])", "rules[0].reply.text: "},
           Row{R"([{"name": "x", "action": "allow", "when": {"spf": "pass"}}, {"name": "x", "action": "block"}])",
               "rules[1].name: another rule is called \"x\" already\n"},
       }) {
    CAPTURE(std::string(rules));
    CHECK(problems(rules).starts_with(expected));
    CHECK(std::ranges::count(problems(rules), '\n') == 1);
  }
}

TEST_CASE("without the DNS nothing can be asked of it") {
  CHECK(problems(R"([{"name": "x", "action": "block", "when": {"not": {"spf": "pass"}}}])", false) ==
        "rules[0].when.not.spf: the DNS would have to be asked, and dns.enabled is false\n");
  CHECK(problems(R"([{"name": "x", "action": "block", "when": {"helo": "x.example"}}])", false) == "");
}

TEST_CASE("conditions that exclude each other") {
  struct Row {
    const char* when;
    const char* key;
  };
  for (const auto& [when, key] : {
           Row{R"({"client": "192.0.2.7", "not": {"client": ["192.0.2.7", "192.0.2.8"]}})", "client"},
           Row{R"({"sender": "A@b.example", "not": {"sender": "a@B.example"}})", "sender"},
           Row{R"({"fcrdns": ["none", "fail"], "not": {"fcrdns": ["fail", "none"]}})", "fcrdns"},
           Row{R"({"not": {"tls": ["none", "1.2", "1.3"]}})", "tls"},
           Row{R"({"null_sender": true, "not": {"null_sender": true}})", "null_sender"},
           Row{R"({"null_sender": true, "sender": "@b.example"})", "sender"},
           Row{R"({"fcrdns": "none", "rdns": "*.example.org"})", "rdns"},
       }) {
    CAPTURE(std::string(when));
    const auto told = problems(std::string(R"([{"name": "x", "action": "block", "when": )") + when + "}]");
    CHECK(told.starts_with(std::string("rules[0].when.") + key + ": the rule can never hold: "));
    CHECK(std::ranges::count(told, '\n') == 1);
  }
}

TEST_CASE("rules that are never asked") {
  struct Row {
    const char* earlier;
    const char* later;
    bool hidden;
  };
  for (const auto& [earlier, later, hidden] : {
           Row{"{}", "{}", true},
           Row{"{}", R"({"spf": "fail"})", true},
           Row{R"({"spf": "fail"})", "{}", false},
           Row{R"({"spf": ["fail", "softfail"]})", R"({"spf": "fail", "tls": "none"})", true},
           Row{R"({"spf": "fail"})", R"({"spf": ["fail", "softfail"]})", false},
           Row{R"({"not": {"spf": "pass"}})", R"({"spf": "none"})", true},
           Row{R"({"not": {"spf": "pass"}})", R"({"spf": "pass"})", false},
           Row{R"({"client": ["192.0.2.7", "192.0.2.8"]})", R"({"client": "192.0.2.8", "fcrdns": "none"})", true},
           Row{R"({"client": "192.0.2.7"})", R"({"client": "192.0.2.8"})", false},
           Row{R"({"not": {"sender": "a@b.example"}})", R"({"not": {"sender": ["a@b.example", "c@b.example"]}})", true},
           Row{R"({"not": {"sender": ["a@b.example", "c@b.example"]}})", R"({"not": {"sender": "a@b.example"}})",
               false},
           Row{R"({"null_sender": true})", R"({"not": {"null_sender": false}})", true},
           Row{R"({"null_sender": true})", R"({"null_sender": false})", false},
       }) {
    CAPTURE(earlier);
    CAPTURE(later);
    const auto told = problems(std::string(R"([{"name": "first", "action": "allow", "when": )") + earlier +
                               R"(}, {"name": "second", "action": "block", "when": )" + later + "}]");
    CHECK(told == (hidden ? "rules[1]: can never be reached: rules[0] (\"first\") holds wherever it would\n" : ""));
  }
}
