#include "proxy/session/decision.h"

#include "proxy/setup.h"
#include "smtp/replies.h"

namespace proxy {

using greylist::Action;
using greylist::Verdict;

namespace {

smtp::Reply told(const greylist::ReplyTemplate& reply, const greylist::ReplyValues& values) {
  return smtp::Reply(reply.code, reply.enhanced, greylist::expand(reply, values));
}

}  // namespace

std::string_view Decision::word() const {
  return step == Step::not_our_domain ? "relay_denied" : greylist::word(verdict);
}

Event became(const Decision& decision) {
  switch (decision.action) {
    case Action::pass: return Event::passed;
    case Action::put_off: return Event::put_off;
    case Action::refuse: break;
  }
  return Event::refused;
}

Decision decided_by(const greylist::Rule& rule) {
  Decision decision;
  decision.verdict = greylist::verdict_of(rule.action);
  decision.rule = rule.name;
  decision.reply = rule.reply;
  return decision;
}

smtp::Reply refusal(const Setup& setup, const Decision& decision, const greylist::ReplyValues& values) {
  if (decision.step == Decision::Step::not_our_domain) return smtp::replies::relay_denied();
  if (decision.backends) return *decision.backends;
  if (decision.reply) return told(*decision.reply, values);
  if (decision.action == Action::refuse) return smtp::replies::blocked();
  if (decision.verdict == Verdict::store_failure) return smtp::replies::store_unavailable();
  return told(setup.settings.greylist.reply, values);
}

}  // namespace proxy
