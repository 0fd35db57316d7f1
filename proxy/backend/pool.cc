#include "proxy/backend/pool.h"

#include <algorithm>

#include "proxy/loop.h"

namespace proxy {

BackendPool::~BackendPool() { close(); }

bool BackendPool::good_for_another(BackendConnection& connection, Moment now) const {
  const auto& past = connection.past;
  const auto& address = connection.address();
  const bool in_force = past.setup == loop_.setup && past.setup->settings.backend.reuse && !loop_.draining;
  const bool worn_out = past.clients >= most_clients || now - past.opened >= longest_life;
  if (!in_force || worn_out || past.refused || !past.next_can_be_told) return false;
  const auto idle = std::ranges::count(kept_, &address, [](const Kept& kept) { return &kept.connection->address(); });
  return static_cast<std::size_t>(idle) < most_idle && !address.slots.awaited() && connection.quiet();
}

void BackendPool::keep(std::unique_ptr<BackendConnection> connection, Moment now) {
  if (!good_for_another(*connection, now)) return connection->say_goodbye();
  ++connection->address().pooled;
  kept_.push_back({std::move(connection), now});
  if (kept_.size() == 1) look_again_after(longest_idleness);
}

std::unique_ptr<BackendConnection> BackendPool::take(const Setup& setup, const BackendAddress& address) {
  const auto fits = [&](const Kept& kept) {
    return kept.connection->past.setup.get() == &setup && &kept.connection->address() == &address;
  };
  for (;;) {
    const auto last = std::find_if(kept_.rbegin(), kept_.rend(), fits);
    if (last == kept_.rend()) return nullptr;
    auto connection = remove(std::next(last).base());
    if (connection->quiet()) return connection;
  }
}

void BackendPool::give_way(const BackendAddress& address) {
  const auto first = std::ranges::find(kept_, &address, [](const Kept& kept) { return &kept.connection->address(); });
  if (first != kept_.end()) remove(first)->say_goodbye();
}

void BackendPool::close_idle(Moment now) {
  while (!kept_.empty() && now - kept_.front().since >= longest_idleness) remove(kept_.begin())->say_goodbye();
  if (!kept_.empty()) look_again_after(kept_.front().since + longest_idleness - now);
}

void BackendPool::close() {
  while (!kept_.empty()) remove(kept_.begin())->say_goodbye();
  deadline_.reset();
}

std::unique_ptr<BackendConnection> BackendPool::remove(std::vector<Kept>::iterator kept) {
  auto connection = std::move(kept->connection);
  kept_.erase(kept);
  --connection->address().pooled;
  return connection;
}

void BackendPool::look_again_after(Moment::duration time) {
  if (!deadline_) deadline_.emplace(loop_.deadlines, [this] { close_idle(std::chrono::steady_clock::now()); });
  deadline_->after(std::chrono::ceil<std::chrono::milliseconds>(time));
}

}  // namespace proxy
