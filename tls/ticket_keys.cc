#include "ticket_keys.h"

#include <openssl/rand.h>
#include <algorithm>
#include <span>

namespace tls {
namespace {

template <std::size_t size>
bool fill(std::array<unsigned char, size>& octets) {
  return RAND_priv_bytes(octets.data(), static_cast<int>(size)) == 1;
}

}  // namespace

void TicketKeys::rotate() {
  const auto now = now_();
  const auto age = now - made_;
  if (current_ && age < seals_for) return;
  previous_ = age < 2 * seals_for ? current_ : std::nullopt;
  current_.reset();
  made_ = now;
  Key fresh;
  if (fill(fresh.name) && fill(fresh.cipher) && fill(fresh.mac)) current_ = fresh;
}

std::optional<TicketKeys::Key> TicketKeys::to_seal() {
  const std::lock_guard lock(mutex_);
  rotate();
  return current_;
}

std::optional<TicketKeys::Found> TicketKeys::to_open(const unsigned char* name) {
  const std::lock_guard lock(mutex_);
  rotate();
  const auto is_it = [&](const std::optional<Key>& key) {
    return key && std::ranges::equal(key->name, std::span(name, 16));
  };
  if (is_it(current_)) return Found{*current_, true};
  if (is_it(previous_)) return Found{*previous_, false};
  return std::nullopt;
}

}  // namespace tls
