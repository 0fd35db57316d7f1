#include "proxy/backend/recipient_memory.h"

namespace proxy {

namespace {

// Backends say this in a line or two. Longer ones are asked for again: thousands would be a burden to memory.
constexpr std::size_t longest_kept = 1024;

}  // namespace

void RecipientMemory::keep(std::string recipient, smtp::Reply reply, Time now) {
  if (reply.wire().size() > longest_kept || (!reply.positive() && !reply.says_unknown_recipient())) return;
  const auto lapse = now + (reply.positive() ? taken_for : unknown_for);
  replies_.keep(std::move(recipient), std::move(reply), lapse);
}

}  // namespace proxy
