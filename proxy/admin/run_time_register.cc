#include "proxy/admin/run_time_register.h"

#include <asio/post.hpp>
#include <future>
#include <utility>

#include "proxy/admin/finished.h"

namespace proxy {

namespace {

// A loop answers within a moment, unless it has ended.
constexpr std::chrono::seconds patience{2};

}  // namespace

std::expected<void, std::string> RunTimeRegister::load() {
  const std::lock_guard lock(mutex_);
  auto kept = finished(site_.store.run_time_entries());
  if (!kept) return std::unexpected(kept.error().what);
  entries_ = *std::move(kept);
  publish();
  return {};
}

std::expected<void, std::string> RunTimeRegister::add(std::vector<greylist::RunTimeEntry> entries) {
  greylist::RunTimeList trial;
  for (const auto& entry : entries)
    if (auto usable = trial.add(entry); !usable) return usable;
  const std::lock_guard lock(mutex_);
  if (const auto added = finished(site_.store.add(entries)); !added) return std::unexpected(added.error().what);
  for (auto& entry : entries) {
    std::erase_if(entries_, [&](const auto& known) { return known.same_conditions(entry); });
    entries_.push_back(std::move(entry));
  }
  publish();
  return {};
}

std::expected<bool, std::string> RunTimeRegister::remove(const greylist::RunTimeEntry& entry) {
  const std::lock_guard lock(mutex_);
  const auto removed = finished(site_.store.remove(entry));
  if (!removed) return std::unexpected(removed.error().what);
  std::erase_if(entries_, [&](const auto& known) { return known.same_conditions(entry); });
  publish();
  return *removed;
}

std::vector<greylist::RunTimeEntry> RunTimeRegister::entries() const {
  const std::lock_guard lock(mutex_);
  auto entries = entries_;
  const auto now = site_.clock.now();
  std::erase_if(entries, [&](const auto& entry) { return entry.lapses && *entry.lapses <= now; });
  return entries;
}

std::shared_ptr<const greylist::RunTimeLists> RunTimeRegister::lists() const {
  const std::lock_guard lock(mutex_);
  return lists_;
}

// What can't be matched (a form that this version doesn't know) is kept, and matches nothing.
void RunTimeRegister::publish() {
  auto lists = std::make_shared<greylist::RunTimeLists>();
  for (const auto& entry : entries_) {
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
  for (auto& done : in_force) done.wait_for(patience);
}

}  // namespace proxy
