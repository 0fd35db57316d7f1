#include "proxy/replay/trace.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "greylist/ascii.h"
#include "greylist/domain_name.h"
#include "proxy/dns/organisational_domain.h"
#include "proxy/rfc3339.h"
#include "smtp/path.h"

namespace proxy {
namespace {

using Json = nlohmann::json;
template <class T>
using Or = std::expected<T, std::string>;

std::unexpected<std::string> wrong(std::string_view member, std::string_view expected) {
  return std::unexpected(std::string(member).append(": expected ").append(expected));
}

Or<greylist::Time> time_of(const Json& json) {
  const auto found = json.find("time");
  if (found != json.end() && found->is_string()) {
    if (const auto time = parse_time(found->get_ref<const std::string&>())) return *time;
  }
  constexpr double most = 253'402'300'800;  // the year 10000
  if (found != json.end() && found->is_number()) {
    const auto seconds = found->get<double>();
    if (seconds >= 0 && seconds < most) return greylist::Time(greylist::Duration(std::llround(seconds * 1000)));
  }
  return wrong("time", "one like \"2026-11-22T10:00:02Z\", or seconds since 1970");
}

Or<std::string> text_of(const Json& json, const char* member) {
  const auto found = json.find(member);
  if (found == json.end() || found->is_null()) return std::string();
  if (!found->is_string()) return wrong(member, "a text");
  return found->get<std::string>();
}

Or<smtp::Address> address_of(const Json& json, const char* member) {
  const auto text = text_of(json, member);
  if (!text) return std::unexpected(text.error());
  if (text->empty()) return smtp::Address();
  const auto path = smtp::parse_path(*text);
  if (!path || !path->rest.empty()) return wrong(member, "an address, got \"" + *text + "\"");
  return path->address;
}

// Another event of our log, or a bounce that is judged when its content comes, with a line of its own.
bool is_no_attempt(const Json& json) {
  const auto event = json.find("event"), verdict = json.find("verdict");
  return (event != json.end() && *event != "recipient") || (verdict != json.end() && *verdict == "at_data");
}

std::string domain_of(const TracedAttempt& attempt) {
  return greylist::canonical_domain(attempt.sender.null() ? attempt.helo : std::string(attempt.sender.domain()));
}

Or<greylist::Proof> proof_of(const Json& json, const TracedAttempt& attempt) {
  const auto spf = text_of(json, "spf"), name = text_of(json, "rdns");
  if (!spf) return std::unexpected(spf.error());
  if (!name) return std::unexpected(name.error());
  greylist::Proof proof;
  if (*spf == "pass" && !json.contains("spf_too_wide")) proof.spf_domain = domain_of(attempt);
  proof.name = greylist::canonical_domain(*name);
  proof.organisation = organisational_domain(proof.name);
  return proof;
}

template <std::size_t count>
std::string_view known_word(const std::array<std::string_view, count>& words, const std::string& word) {
  const auto found = std::ranges::find(words, greylist::ascii::lowered(word));
  return found == words.end() ? std::string_view() : *found;
}

// nullopt: not given.
Or<std::optional<std::vector<std::string>>> texts_of(const Json& json, const char* member) {
  const auto found = json.find(member);
  if (found == json.end() || found->is_null()) return std::nullopt;
  const auto is_text = [](const Json& one) { return one.is_string(); };
  if (!found->is_array() || !std::ranges::all_of(*found, is_text)) return wrong(member, "an array of names");
  return found->get<std::vector<std::string>>();
}

// Nobody can say any more what isn't there. In the clear it was unless there is a version.
Or<greylist::Evidence> evidence_of(const Json& json, const greylist::Proof& proof) {
  using greylist::Fcrdns, greylist::Spf;
  const auto spf = text_of(json, "spf"), fcrdns = text_of(json, "fcrdns"), tls = text_of(json, "tls");
  for (const auto* text : {&spf, &fcrdns, &tls})
    if (!*text) return std::unexpected(text->error());
  auto lists = texts_of(json, "dns_lists");
  if (!lists) return std::unexpected(lists.error());
  const auto unnamed = greylist::parse_fcrdns(known_word(greylist::fcrdns_words, *fcrdns)).value_or(Fcrdns::error);
  const auto version = known_word(greylist::tls_words, *tls);
  return greylist::Evidence{.tls = version.empty() ? greylist::no_tls : version,
                            .early_talker = json.value("early_talker", Json()) == "yes",
                            .name = greylist::NameEvidence{proof.name.empty() ? unnamed : Fcrdns::pass, proof.name},
                            .spf = greylist::parse_spf(known_word(greylist::spf_words, *spf)).value_or(Spf::temperror),
                            .lists = lists->value_or(std::vector<std::string>())};
}

}  // namespace

Or<std::optional<TracedAttempt>> parse_traced_attempt(std::string_view line) {
  const auto json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return std::unexpected("expected a JSON object");
  if (is_no_attempt(json)) return std::nullopt;

  TracedAttempt attempt;
  const auto time = time_of(json);
  if (!time) return std::unexpected(time.error());
  attempt.time = *time;
  auto client = text_of(json, "client");
  if (!client) return std::unexpected(client.error());
  const auto address = greylist::IpAddress::parse(*client);
  if (!address) return wrong("client", "an IP address, got \"" + *client + "\"");
  attempt.client = *address;
  auto helo = text_of(json, "helo");
  if (!helo) return std::unexpected(helo.error());
  attempt.helo = *std::move(helo);
  auto sender = address_of(json, "sender");
  if (!sender) return std::unexpected(sender.error());
  attempt.sender = *std::move(sender);
  auto recipient = address_of(json, "recipient");
  if (!recipient) return std::unexpected(recipient.error());
  if (recipient->null()) return wrong("recipient", "an address");
  attempt.recipient = *std::move(recipient);
  auto proof = proof_of(json, attempt);
  if (!proof) return std::unexpected(proof.error());
  attempt.proof = *std::move(proof);
  auto evidence = evidence_of(json, attempt.proof);
  if (!evidence) return std::unexpected(evidence.error());
  attempt.evidence = *std::move(evidence);
  return attempt;
}

}  // namespace proxy
