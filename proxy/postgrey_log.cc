#include "proxy/postgrey_log.h"

namespace proxy {

namespace {

using greylist::Action;
using greylist::Verdict;

std::string seconds(greylist::Duration duration) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

std::string_view action_word(Action action) {
  switch (action) {
    case Action::pass: return "pass";
    case Action::put_off: return "greylist";
    case Action::refuse: break;
  }
  return "reject";
}

std::string reason(const PostgreyDecision& decision) {
  switch (decision.verdict) {
    case Verdict::first_seen: return "new";
    case Verdict::too_early:
      return "early-retry (" + seconds(decision.missing.value_or(greylist::Duration::zero())) + "s missing)";
    case Verdict::retried:
    case Verdict::known: return "triplet found";
    case Verdict::auto_allowed: return "client AWL";
    case Verdict::allow_client: return "client whitelist";
    case Verdict::allow_recipient: return "recipient whitelist";
    default: return std::string(word(decision.verdict));  // postgrey has none of these
  }
}

void append(std::string& line, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  line.append(", ").append(key).append("=");
  for (const char c : value) line += c >= ' ' && c < 0x7F ? c : '?';
}

}  // namespace

std::string postgrey_line(const PostgreyDecision& decision) {
  std::string line = "action=";
  line += action_word(decision.action);
  line += ", reason=" + reason(decision);
  if (decision.waited)
    line += ", delay=" + std::to_string(std::chrono::floor<std::chrono::seconds>(*decision.waited).count());
  append(line, "client_name", decision.client_name.empty() ? "unknown" : decision.client_name);
  append(line, "client_address", decision.client_address);
  append(line, "sender", decision.sender);
  append(line, "recipient", decision.recipient);
  return line;
}

}  // namespace proxy
