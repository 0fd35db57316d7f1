#include "proxy/admin/run_time_register.h"

#include <asio/post.hpp>
#include <future>
#include <utility>

#include "greylist/store/keys.h"
#include "proxy/admin/finished.h"

namespace proxy {
namespace {

// A loop answers within a moment, unless it has ended.
constexpr std::chrono::seconds loop_patience{2};
constexpr std::chrono::days long_lapsed{1};  // nobody renews it any more

bool lapsed(const greylist::RunTimeEntry& entry, greylist::Time now) { return entry.lapses && *entry.lapses <= now; }

}  // namespace

std::expected<void, std::string> RunTimeRegister::load() {
  const std::lock_guard lock(mutex_);
  auto kept = finished(site_.store.run_time_entries());
  if (!kept) return std::unexpected(kept.error().what);
  Entries entries;
  const auto now = site_.clock.now();
  for (auto& entry : *kept) {
    if (lapsed(entry, now - long_lapsed)) {
      [[maybe_unused]] const auto gone = finished(site_.store.remove(std::move(entry)));
    } else if (!lapsed(entry, now)) {
      keep(entries, std::move(entry));
    }
  }
  if (entries == entries_) return {};
  entries_ = std::move(entries);
  publish();
  return {};
}

std::expected<void, std::string> RunTimeRegister::add(std::vector<greylist::RunTimeEntry> entries) {
  for (auto& entry : entries) entry = greylist::canonical(std::move(entry));
  greylist::RunTimeList trial;
  for (const auto& entry : entries)
    if (auto usable = trial.add(entry); !usable) return usable;
  const std::lock_guard lock(mutex_);
  if (const auto added = finished(site_.store.add(entries)); !added) return std::unexpected(added.error().what);
  for (auto& entry : entries) keep(entries_, std::move(entry));
  publish();
  return {};
}

std::expected<bool, std::string> RunTimeRegister::remove(const greylist::RunTimeEntry& given) {
  const auto entry = greylist::canonical(given);
  const std::lock_guard lock(mutex_);
  const auto removed = finished(site_.store.remove(entry));
  if (!removed) return std::unexpected(removed.error().what);
  entries_.erase(greylist::run_time_key(entry));
  publish();
  return *removed;
}

std::vector<greylist::RunTimeEntry> RunTimeRegister::entries() const {
  const std::lock_guard lock(mutex_);
  std::vector<greylist::RunTimeEntry> entries;
  for (const auto& [key, entry] : entries_)
    if (!lapsed(entry, site_.clock.now())) entries.push_back(entry);
  return entries;
}

std::shared_ptr<const greylist::RunTimeLists> RunTimeRegister::lists() const {
  const std::lock_guard lock(mutex_);
  return lists_;
}

// In place of one with the same conditions.
void RunTimeRegister::keep(Entries& entries, greylist::RunTimeEntry entry) {
  auto key = greylist::run_time_key(entry);
  entries.insert_or_assign(std::move(key), std::move(entry));
}

// What can't be matched (a form that this version doesn't know) is kept, and matches nothing.
void RunTimeRegister::publish() {
  std::erase_if(entries_, [now = site_.clock.now()](const auto& entry) { return lapsed(entry.second, now); });
  auto lists = std::make_shared<greylist::RunTimeLists>();
  for (const auto& [key, entry] : entries_) {
    auto& list = entry.list == greylist::RunTimeEntry::List::allow ? lists->allow : lists->block;
    [[maybe_unused]] const auto added = list.add(entry);
  }
  lists_ = std::move(lists);
  std::vector<std::future<void>> in_force;
  for (const auto& loop : loops_) {
    std::promise<void> done;
    in_force.push_back(done.get_future());
    asio::post(loop->io, [&loop = *loop, lists = lists_, done = std::move(done)]() mutable {
      loop.run_time_lists = std::move(lists);
      done.set_value();
    });
  }
  const auto latest = std::chrono::steady_clock::now() + loop_patience;
  for (auto& done : in_force) done.wait_until(latest);
}

}  // namespace proxy
