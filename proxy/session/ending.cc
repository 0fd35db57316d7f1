#include "proxy/session/ending.h"

#include "smtp/replies.h"

namespace proxy {

namespace replies = smtp::replies;

Ending ending_by(const BackendConnection::Answer& answer) {
  using enum Ending::Outcome;
  if (!answer || answer->intermediate()) return {unknown, replies::backend_unavailable()};
  if (answer->code() == 421) return {refused, replies::from_backend_421(*answer)};
  return {answer->positive() ? relayed : refused, *answer};
}

bool ends_dialogue(const BackendConnection::Answer& answer) {
  return !answer || answer->intermediate() || answer->code() == 421;
}

}  // namespace proxy
