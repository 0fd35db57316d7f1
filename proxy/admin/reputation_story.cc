#include "proxy/admin/reputation_story.h"

#include <cmath>

namespace proxy {

std::string reputation_story(const std::string& identity, const greylist::Reputation& reputation, greylist::Time now) {
  const auto left = greylist::aged(reputation, now);
  std::string deeds;
  const auto add = [&](double count, const char* one, const char* more) {
    const auto whole = std::lround(count);
    if (whole < 1) return;
    deeds.append(deeds.empty() ? "" : ", ").append(std::to_string(whole)).append(" ").append(whole == 1 ? one : more);
  };
  add(left.retries, "retry", "retries");
  add(left.deliveries, "message delivered", "messages delivered");
  add(left.pending[0] + left.pending[1], "first attempt that may yet be repeated",
      "first attempts that may yet be repeated");
  add(left.one_shots, "first attempt never repeated", "first attempts never repeated");
  add(left.unknown_recipients, "unknown recipient", "unknown recipients");
  add(left.refused_messages, "message refused by the mail server", "messages refused by the mail server");
  add(left.trap_hits, "recipient that was a trap", "recipients that were traps");
  if (deeds.empty()) return {};
  const auto standing = greylist::word(greylist::standing(left, now));
  return "the reputation of " + identity + " is " + std::string(standing) + ": of late, " + deeds;
}

}  // namespace proxy
