#include "proxy/admin/explain.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "greylist/generic_name.h"
#include "proxy/admin/entry_json.h"
#include "proxy/admin/finished.h"
#include "proxy/admin/reputation_story.h"
#include "proxy/config/duration.h"
#include "proxy/dns/organisational_domain.h"
#include "proxy/rfc3339.h"
#include "proxy/session/admission.h"
#include "smtp/path.h"
#include "smtp/replies.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;
using greylist::Action;
using greylist::Verdict;

constexpr std::size_t events_told = 50;

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

// The question in the forms that the parts of the program know.
struct Asked {
  greylist::IpAddress client;
  std::string helo;
  smtp::Address sender, recipient;
  greylist::Triplet triplet;
};

std::expected<smtp::Address, std::string> address_of(const char* which, const std::string& text) {
  const auto path = smtp::parse_path(text);
  if (!path) return std::unexpected(std::string(which) + ": " + std::string(path.error()));
  if (!path->rest.empty()) return std::unexpected(std::string(which) + ": expected one address");
  return path->address;
}

std::expected<smtp::Address, std::string> sender_of(const std::string& text) {
  if (text.empty()) return smtp::Address();
  return address_of("sender", text);
}

std::expected<Asked, std::string> asked_by(const ExplainQuestion& question, const Setup& setup) {
  const auto client = greylist::IpAddress::parse(question.client);
  if (!client) return std::unexpected("client: expected an IP address, got " + in_quotes(question.client));
  auto sender = sender_of(question.sender);
  if (!sender) return std::unexpected(sender.error());
  auto recipient = address_of("recipient", question.recipient);
  if (!recipient) return std::unexpected(recipient.error());
  if (recipient->null()) return std::unexpected("recipient: expected an address");
  auto triplet = greylist::make_triplet(*client, sender->text(), recipient->text(), setup.policy.client_prefix);
  return Asked{*client, question.helo, *std::move(sender), *std::move(recipient), std::move(triplet)};
}

// Whether one configured entry, alone in its list, matches.
template <class List, class Matches>
std::optional<std::string> matching(const std::string& key, const std::vector<std::string>& entries,
                                    const Matches& matches) {
  for (const auto& entry : entries) {
    List list;
    if (list.add(entry) && matches(list)) return key + " " + in_quotes(entry);
  }
  return std::nullopt;
}

template <class List, class Matches>
std::optional<std::string> matching_line(const std::string& key, const std::vector<std::string>& files,
                                         const Matches& matches) {
  for (const auto& path : files) {
    std::ifstream file(path);
    std::string line;
    for (unsigned number = 1; std::getline(file, line); ++number) {
      List list;
      if (list.add_postgrey(line) && matches(list))
        return std::string(key)
            .append(" ")
            .append(path)
            .append(", line ")
            .append(std::to_string(number))
            .append(": ")
            .append(in_quotes(line));
    }
  }
  return std::nullopt;
}

// The store drops it within a day.
bool is_over(const greylist::HistoryEvent& event, const ExplainSources& sources) {
  return sources.site.clock.now() - event.time > sources.setup->policy.limits.history;
}

class Explanation {
 public:
  Explanation(Asked asked, const ExplainSources& sources)
      : asked_(std::move(asked)),
        sources_(sources),
        now_(sources.site.clock.now()),
        triplet_(asked_.triplet),
        limits_(sources.setup->policy.limits) {}

  Json told() {
    decide();
    const bool passes = decision_.action == Action::pass;
    return {{"verdict", word_.empty() ? std::string(decision_.word()) : word_},
            {"action", std::string(greylist::word(decision_.action))},
            {"reply", passes ? "" : reply().one_line()},
            {"client", asked_.client.text()},
            {"name", name_ ? Json(name_->name) : Json(nullptr)},
            {"identity", triplet_.identity},
            {"rule", decision_.rule.empty() ? Json(nullptr) : Json(decision_.rule)},
            {"sender", triplet_.sender},
            {"recipient", triplet_.recipient},
            {"first_seen", record_ ? time_json(record_->first_seen) : Json(nullptr)},
            {"passed", record_ ? time_json(record_->passed) : Json(nullptr)},
            {"last_seen", record_ ? time_json(record_->last_seen) : Json(nullptr)},
            {"passes_at", time_json(passes_at_)},
            {"steps", steps_},
            {"history", history()}};
  }

 private:
  const Settings& settings() const { return sources_.setup->settings; }
  const Setup& setup() const { return *sources_.setup; }
  const greylist::Policy& policy() const { return sources_.setup->policy; }
  void step(std::string what) { steps_.push_back(std::move(what)); }

  void decide() {
    if (asked_.recipient.unsafe_recipient()) {
      word_ = "unsafe_recipient";
      decision_.action = Action::refuse;
      return step("the recipient's form could be routed elsewhere: refused, whatever its domain");
    }
    const auto screening = screened();
    if (std::holds_alternative<greylist::NotOurDomain>(screening)) {
      step("no block entry matches");
      step("the recipient's domain is none of domains: refused");
      decision_.step = Decision::Step::not_our_domain;
      decision_.action = Action::refuse;
    } else if (const auto* listed = std::get_if<greylist::Listed>(&screening)) {
      const bool is_off = listed->verdict == Verdict::off;
      const auto* rule = is_off ? rule_that_matches() : nullptr;
      return greylist::goes_before(rule, *listed) ? ruled_by(rule) : listed_as(*listed);
    } else {
      step("no block entry matches, the domain is ours, no allow entry matches");
      ruled_by(rule_that_matches());
    }
  }

  void ruled_by(const greylist::Rule* rule) {
    if (!rule) {
      if (!policy().rules.empty()) step("no rule matches: on to the greylist");
      return ask_greylist();
    }
    step("rule " + in_quotes(rule->name) + " matches: " + std::string(greylist::word(rule->action)));
    limits_ = greylist::limits_under(policy(), rule);
    if (rule->action == greylist::Rule::Action::greylist) {
      decision_.rule = rule->name;
      return ask_greylist();
    }
    decision_ = decided_by(*rule);
    decision_.action = greylist::action_of(decision_.verdict, policy());
  }

  const DnsListings& look_up_lists() {
    if (lists_) return *lists_;
    const bool is_asked = settings().dns.enabled && greylist::known_to_dns(asked_.client);
    lists_ = is_asked ? sources_.look_up_lists(asked_.client) : DnsListings();
    for (const auto& name : lists_->allow) step("the client is on " + in_quotes(name) + " of dns.allow_lists");
    for (const auto& name : lists_->block) step("the client is on " + in_quotes(name) + " of dns.block_lists");
    return *lists_;
  }

  const greylist::Rule* rule_that_matches() {
    const greylist::Attempt attempt{asked_.client, asked_.helo, asked_.sender.text(), asked_.recipient.text()};
    for (greylist::Evidence evidence;;) {
      const auto found = greylist::first_match(policy().rules, attempt, evidence, now_);
      if (found) return *found;
      switch (found.error()) {
        case greylist::LookUp::name: evidence.name = evidence_of(look_up_name()); break;
        case greylist::LookUp::spf: evidence.spf = look_up_spf().result; break;
        case greylist::LookUp::lists: evidence.lists = names_of(look_up_lists(), setup().dns_lists.threshold); break;
        case greylist::LookUp::conduct: evidence.conduct = conduct(); break;
      }
    }
  }

  // What greygate itself has seen of the client.
  greylist::Conduct conduct() {
    const auto identity = identities().front().earner;
    const auto& site = sources_.site;
    greylist::Conduct conduct{.attempts = site.rates.counted(identity, policy().rate_periods, now_)};
    if (const auto reputation = site.reputations.find(identity)) conduct.standing = standing(*reputation, now_);
    tell_of_reputation();
    for (auto& [period, attempts] : conduct.attempts)
      step(identity + " would have made " + std::to_string(std::lround(++attempts)) + " attempts in " +
           duration_text(period));
    return conduct;
  }

  void tell_of_reputation() {
    if (std::exchange(reputation_told_, true)) return;
    const auto& name = identities().front().earner;
    const auto reputation = sources_.site.reputations.find(name);
    const auto story = reputation ? reputation_story(name, *reputation, now_) : std::string();
    if (!story.empty()) step(story);
  }

  const std::vector<greylist::Identity>& identities() {
    if (identities_.empty())
      identities_ = greylist::identities(asked_.client, proof(), policy().identity, policy().client_prefix);
    return identities_;
  }

  // Whether the recipient is one, and the client falls into it.
  bool hits_trap() {
    if (!policy().traps.matches(asked_.recipient.text()) || !greylist::known_to_dns(asked_.client)) return false;
    const bool has_passed = sources_.site.reputations.has_passed(identities(), now_, limits_.lifetime);
    step(has_passed ? "the recipient is one of greylist.traps, but mail of this client has passed before: only counted"
                    : "the recipient is one of greylist.traps: put off, and so is, for " +
                          duration_text(policy().trap_lifetime) + ", whoever comes from " + identities().back().name +
                          " and proves nothing");
    return !has_passed;
  }

  // Whether its network fell into one, and nothing better is proved of it.
  bool is_trapped() {
    const auto& network = identities().back().name;
    const bool is_trapped = !policy().traps.empty() && identities().size() == 1 &&
                            greylist::known_to_dns(asked_.client) &&
                            sources_.site.reputations.trapped(network, now_, policy().trap_lifetime);
    if (is_trapped) step(network + " wrote to one of greylist.traps: put off");
    return is_trapped;
  }

  greylist::Screening screened() {
    const greylist::Attempt attempt{asked_.client, asked_.helo, asked_.sender.text(), asked_.recipient.text()};
    auto screening = greylist::screen(policy(), *sources_.run_time, attempt, std::nullopt, now_);
    if (!std::holds_alternative<greylist::NeedsName>(screening)) return screening;
    look_up_name();
    return greylist::screen(policy(), *sources_.run_time, attempt, name_->name, now_);
  }

  const ClientName& look_up_name() {
    if (name_) return *name_;
    if (!settings().dns.enabled) {
      step("an entry by name could match, but dns.enabled is false: the client has no name");
      return name_.emplace(ClientName::Outcome::temporary_failure);
    }
    name_ = sources_.look_up(asked_.client);
    step(name_->name.empty() ? "the client has no confirmed reverse name"
                             : "the client's confirmed reverse name is " + name_->name);
    return *name_;
  }

  const SpfVerdict& look_up_spf() {
    if (spf_) return *spf_;
    spf_ = sources_.check_spf({asked_.client, asked_.helo, asked_.sender.text()});
    step(spf_story(*spf_));
    return *spf_;
  }

  void listed_as(const greylist::Listed& listed) {
    decision_.verdict = listed.verdict;
    decision_.action = greylist::action_of(listed.verdict, policy());
    if (listed.verdict == Verdict::off) return step("greylist.mode is off: passes");
    const bool blocks = decision_.action == Action::refuse;
    if (!blocks) step("no block entry matches, the domain is ours");
    step((listed.entry ? at_run_time(*listed.entry) : in_configuration(blocks)) +
         " matches: " + (blocks ? "refused" : "passes"));
  }

  static std::string at_run_time(const greylist::RunTimeEntry& entry) {
    std::string text = entry.list == greylist::RunTimeEntry::List::allow ? "the run-time allow entry of"
                                                                         : "the run-time block entry of";
    if (!entry.client.empty()) text += " client " + in_quotes(entry.client);
    if (!entry.sender.empty()) text += " sender " + in_quotes(entry.sender);
    if (!entry.recipient.empty()) text += " recipient " + in_quotes(entry.recipient);
    if (entry.lapses) text += ", which lapses " + time_text(*entry.lapses);
    if (!entry.note.empty()) text += " (" + entry.note + ")";
    return text;
  }

  std::string in_configuration(bool blocks) const {
    const auto client = [&](const greylist::ClientList& list) {
      return list.matches_address(asked_.client) || (name_ && list.matches_name(name_->name));
    };
    const auto sender = [&](const greylist::AddressList& list) { return list.matches(asked_.sender.text()); };
    const auto recipient = [&](const greylist::AddressList& list) { return list.matches(asked_.recipient.text()); };
    const auto& [allowed_clients, clients_files, allowed_senders, allowed_recipients, recipients_files] =
        settings().allow;
    const auto& clients = blocks ? settings().block.clients : allowed_clients;
    const auto& senders = blocks ? settings().block.senders : allowed_senders;
    const auto& recipients = blocks ? settings().block.recipients : allowed_recipients;
    const std::string list = blocks ? "block." : "allow.";
    if (const auto found = matching<greylist::ClientList>(list + "clients", clients, client)) return *found;
    if (!blocks)
      if (const auto found = matching_line<greylist::ClientList>("allow.clients_files", clients_files, client))
        return *found;
    if (const auto found = matching<greylist::AddressList>(list + "senders", senders, sender)) return *found;
    if (const auto found = matching<greylist::AddressList>(list + "recipients", recipients, recipient)) return *found;
    if (!blocks)
      if (const auto found =
              matching_line<greylist::AddressList>("allow.recipients_files", recipients_files, recipient))
        return *found;
    return list + "*: an entry";  // of a file that has changed since it was read
  }

  void ask_greylist() {
    if (!setup().dns_lists.allow.empty() && !look_up_lists().allow.empty()) {
      decision_.verdict = Verdict::dns_allow;
      return step("it isn't greylisted, unless it is known already");
    }
    if (asked_.sender.null() && policy().null_sender == greylist::NullSender::data)
      step("a bounce: the mail server is asked first, and what follows is decided at DATA");
    triplet_.identity = identities().front().name;
    tell_of_reputation();
    if (hits_trap()) {
      decision_.verdict = Verdict::trap;
      decision_.action = greylist::action_of(decision_.verdict, policy());
      return;
    }
    step("remembered by: client " + triplet_.identity + ", sender <" + triplet_.sender + ">, recipient <" +
         triplet_.recipient + ">");
    const auto records = remembered(identities());
    const auto credits = earned_by(identities());
    if (!records || !credits) {
      decision_.verdict = Verdict::store_failure;
      decision_.action = greylist::action_of(decision_.verdict, policy());
      return step("the store can't answer (" + (records ? credits.error() : records.error()).what +
                  "): greylist.on_store_failure is " + settings().greylist.on_store_failure);
    }
    record_ = greylist::merged(*records, now_, limits_);
    if (const auto* earner = let_through(*credits)) {
      decision_.verdict = Verdict::auto_allowed;
      step(earner->name + " has earned its way: " + std::to_string(earner->credit.count) + " triplets came back");
    } else {
      decision_.verdict = greylist::judge(record_, now_, limits_, asked_.client.text()).verdict;
      if (decision_.verdict != Verdict::known && is_trapped()) decision_.verdict = Verdict::trap;
      for (const auto& [name, credit] : *credits)
        step(name + " has earned " + std::to_string(credit.count) + " of the " +
             std::to_string(policy().auto_allow.after) + " triplets that would let it through");
      tell_of_record(std::ranges::any_of(*records, [](const auto& record) { return record.has_value(); }));
    }
    decision_.action = greylist::action_of(decision_.verdict, policy());
    if (policy().mode == greylist::Mode::observe) step("greylist.mode is observe: nothing is put off");
  }

  // What the DNS proves of the client. A session doesn't ask for it where the address alone is known.
  greylist::Proof proof() {
    greylist::Proof proof;
    for (const auto kind : policy().identity) {
      if (kind == greylist::ProofKind::spf) {
        proof.spf_domain = proved_domain(look_up_spf());
      } else {
        proof.name = look_up_name().name;
        proof.organisation = organisational_domain(proof.name);
        if (!proof.name.empty() && greylist::is_generic_name(proof.name, proof.organisation, asked_.client))
          step("that name is a provider's for one of its lines: it says no more than the address");
      }
    }
    return proof;
  }

  static std::string spf_story(const SpfVerdict& spf) {
    auto story = "SPF says " + std::string(word(spf.result));
    if (!spf.domain.empty()) story += " for " + spf.domain;
    if (!spf.reason.empty()) story += " (" + spf.reason + ")";
    if (spf.too_wide) story += "; its record lets too many pass to prove anything";
    return story;
  }

  std::expected<std::vector<std::optional<greylist::Record>>, greylist::StoreError> remembered(
      const std::vector<greylist::Identity>& identities) {
    std::vector<std::optional<greylist::Record>> records;
    for (const auto& identity : identities) {
      auto found = finished(sources_.store.find(greylist::under(identity, triplet_)));
      if (!found) return std::unexpected(found.error());
      records.push_back(*std::move(found));
    }
    return records;
  }

  std::expected<std::vector<greylist::Earner>, greylist::StoreError> earned_by(
      const std::vector<greylist::Identity>& identities) {
    std::vector<greylist::Earner> earners;
    if (policy().auto_allow.after == 0) return earners;
    for (const auto& identity : identities) {
      const auto credit = finished(sources_.store.find_credit(identity.earner));
      if (!credit) return std::unexpected(credit.error());
      if (*credit) earners.push_back({identity.earner, **credit});
    }
    return earners;
  }

  const greylist::Earner* let_through(const std::vector<greylist::Earner>& earners) const {
    const auto has_earned = [&](const greylist::Earner& earner) {
      return greylist::earned(earner.credit, now_, limits_, policy().auto_allow);
    };
    const auto found = std::ranges::find_if(earners, has_earned);
    return found == earners.end() ? nullptr : &*found;
  }

  void tell_of_record(bool there) {
    const auto delay = duration_text(limits_.delay);
    if (!record_) {
      passes_at_ = now_ + limits_.delay;
      return step(there ? "what is remembered has expired: as if it had never come"
                        : "never seen: the first attempt would be put off for " + delay);
    }
    step("first attempt " + time_text(record_->first_seen) +
         (record_->last_client.empty() ? std::string() : ", the last from " + record_->last_client));
    if (record_->passed) return step("passed " + time_text(*record_->passed) + ": known, passes");
    if (decision_.verdict == Verdict::retried) return step("the delay of " + delay + " is over: a retry passes now");
    passes_at_ = record_->first_seen + limits_.delay;
    step("the delay of " + delay + " isn't over: a retry passes from " + time_text(*passes_at_) + " on");
  }

  smtp::Reply reply() const {
    if (word_ == "unsafe_recipient") return smtp::replies::unsafe_recipient();
    return refusal(*sources_.setup, decision_, {asked_.sender.text(), asked_.recipient.text(), "ESMTP", asked_.helo});
  }

  Json history() {
    Json told = Json::array();
    const auto events = finished(sources_.store.history(triplet_.recipient, events_told));
    if (!events) return told;
    for (const auto& event : *events) {
      if (is_over(event, sources_)) continue;
      auto json = event_json(event);
      json["same_triplet"] = event.sender == triplet_.sender &&
                             (event.identity == triplet_.identity || event.client == asked_.client.text());
      told.push_back(std::move(json));
    }
    return told;
  }

  const Asked asked_;
  const ExplainSources& sources_;
  const greylist::Time now_;
  greylist::Triplet triplet_;  // by the best identity that is proved
  std::optional<ClientName> name_;
  std::optional<SpfVerdict> spf_;
  std::optional<DnsListings> lists_;
  std::vector<greylist::Identity> identities_;
  bool reputation_told_ = false;
  greylist::Limits limits_;  // with a rule's delay
  std::string word_;         // where no Decision has one
  Decision decision_;
  std::optional<greylist::Record> record_;
  std::optional<greylist::Time> passes_at_;
  std::vector<std::string> steps_;
};

}  // namespace

std::expected<Json, std::string> explain(const ExplainQuestion& question, const ExplainSources& sources) {
  auto asked = asked_by(question, *sources.setup);
  if (!asked) return std::unexpected(asked.error());
  return Explanation(*std::move(asked), sources).told();
}

std::expected<Json, std::string> latest_for(const std::string& recipient, const ExplainSources& sources) {
  const auto address = address_of("recipient", recipient);
  if (!address) return std::unexpected(address.error());
  const auto key = greylist::keyed_recipient(address->text());
  const auto events = finished(sources.store.history(key, events_told));
  if (!events) return std::unexpected("store: " + events.error().what);
  Json history = Json::array();
  for (const auto& event : *events)
    if (!is_over(event, sources)) history.push_back(event_json(event));
  return Json{{"recipient", key}, {"history", history}};
}

}  // namespace proxy
