// What is particular to the store on disk: it remembers, it expires, it is alone, and it outlives damage.
#include "greylist/store/rocksdb_store.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <thread>

#include "greylist/store/keys.h"
#include "greylist/store/rocksdb_open.h"
#include "test/unit/greylist/store/fixture.h"

using namespace greylist;
using namespace greylist::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr int entries = 300;

void fill(Store& store) {
  for (int n = 0; n < entries; ++n) REQUIRE(run(store.attempt(question(n), start, limits, no_auto_allow)));
}

int count_found(Store& store) {
  int found = 0;
  for (int n = 0; n < entries; ++n) {
    if (const auto record = run(store.find(triplet(n))); record && *record) ++found;
  }
  return found;
}

// A store, closed, with a third of its entries in each: a large table, a small one, the log.
void make_store(Rocks& rocks) {
  const auto add = [](Store& store, int from, int to) {
    for (int n = from; n < to; ++n) REQUIRE(run(store.attempt(question(n), start, limits, no_auto_allow)));
  };
  {
    const auto store = rocks.open();
    add(*store, 0, entries / 3);
    compact(*store);
    add(*store, entries / 3, entries * 2 / 3);
  }
  add(*rocks.open(), entries * 2 / 3, entries);
}

std::vector<fs::path> files(const fs::path& dir, const std::function<bool(const std::string&)>& wanted) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (wanted(entry.path().filename().string())) found.push_back(entry.path());
  }
  REQUIRE_FALSE(found.empty());
  std::ranges::sort(found);
  return found;
}
std::vector<fs::path> tables(const fs::path& dir) {
  return files(dir, [](const std::string& name) { return name.ends_with(".sst"); });
}
// One with triplets in it.
fs::path a_table(const fs::path& dir) {
  return std::ranges::max(tables(dir), {}, [](const fs::path& table) { return fs::file_size(table); });
}
std::vector<fs::path> manifests(const fs::path& dir) {
  return files(dir, [](const std::string& name) { return name.starts_with("MANIFEST-"); });
}

void write(const fs::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}
void flip(const fs::path& file, std::streamoff offset, int size) {
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(offset);
  for (int i = 0; i < size; ++i) stream.put('\x5a');
}

fs::path broken_beside(const fs::path& path) {
  for (const auto& entry : fs::directory_iterator(path.parent_path())) {
    if (entry.path().filename().string().starts_with(path.filename().string() + ".broken-")) return entry.path();
  }
  return {};
}

// What the maintenance thread does within seconds, looked at until it is done.
bool becomes_true(const std::function<bool()>& condition) {
  for (int tries = 0; tries < 300; ++tries) {
    if (condition()) return true;
    std::this_thread::sleep_for(50ms);
  }
  return false;
}

}  // namespace

TEST_CASE("a store remembers over a restart") {
  const TempDir dir;
  Rocks rocks(dir.path() / "not yet" / "there" / "greylist");
  const AutoAllow rule{.after = 1};
  {
    const auto store = rocks.open();
    CHECK((fs::status(rocks.path()).permissions() & fs::perms::mask) == fs::perms::owner_all);
    run(store->attempt(question(1), start, limits, rule));
    run(store->attempt(question(1), start + 5min, limits, rule));
    run(store->delivered({{triplet(1)}, {"192.0.2.7"}}, start + 5min, limits, rule));
    run(store->attempt(question(2), start, limits, rule));
  }
  const auto store = rocks.open();
  CHECK(run(store->attempt(question(1), start + 6min, limits, rule))->verdict == Verdict::known);
  CHECK(run(store->attempt(question(2), start + 1min, limits, rule))->verdict == Verdict::too_early);
  CHECK(run(store->attempt(question(3, "192.0.2.7"), start, limits, rule))->verdict == Verdict::auto_allowed);
  CHECK(store->status().ok);
  CHECK(store->status().engine == "rocksdb");
  CHECK(store->status().bytes > 0);
  CHECK(rocks.warnings() == "");
}

TEST_CASE("after a restart, what must be read from disk suspends the caller and comes back on its loop") {
  const TempDir dir;
  Rocks rocks(dir.path() / "greylist");
  {
    const auto store = rocks.open();
    fill(*store);
    compact(*store);
  }
  const auto store = rocks.open();
  asio::io_context loop{1};
  const auto here = std::this_thread::get_id();
  auto ask = [&]() -> asio::awaitable<int> {
    int found = 0;
    for (int n = 0; n < entries; ++n) {
      const auto record = co_await store->find(triplet(n));
      if (record && *record && std::this_thread::get_id() == here) ++found;
    }
    co_return found;
  };
  auto found = asio::co_spawn(loop, ask(), asio::use_future);
  loop.run();
  CHECK(found.get() == entries);
}

TEST_CASE("a compaction drops what has expired, and nothing else") {
  const TempDir dir;
  Rocks rocks(dir.path() / "greylist");
  const auto store = rocks.open();
  const AutoAllow rule{.after = 1};
  run(store->attempt(question(1), start, limits, rule));
  run(store->attempt(question(2), start, limits, rule));
  run(store->attempt(question(2), start + 5min, limits, rule));
  run(store->delivered({{triplet(2)}, {"192.0.2.7"}}, start + 5min, limits, rule));
  const auto kept = [&](int n) { return run(store->find(triplet(n))).value().has_value(); };
  const auto let_through = [&] {
    // At a time when the credit would hold if it was still there.
    return run(store->attempt(question(3, "192.0.2.7"), start + 5min, limits, rule))->verdict == Verdict::auto_allowed;
  };

  rocks.now = start + limits.retry_window;
  compact(*store);
  CHECK(kept(1));
  CHECK(kept(2));

  rocks.now = start + limits.retry_window + 1ms;
  compact(*store);
  CHECK_FALSE(kept(1));
  CHECK(kept(2));
  CHECK(let_through());

  rocks.now = start + limits.lifetime;
  Limits longer = limits;
  longer.lifetime = limits.lifetime + 1h;
  store->set_limits(longer);
  rocks.now = start + limits.lifetime + 5min + 1ms;
  compact(*store);
  CHECK(kept(2));

  store->set_limits(limits);
  compact(*store);
  CHECK_FALSE(kept(2));
  CHECK_FALSE(let_through());
}

TEST_CASE("a store that is in use is left alone") {
  const TempDir dir;
  Rocks rocks(dir.path() / "greylist");
  const auto store = rocks.open();
  fill(*store);
  const auto look = [&] {
    std::map<std::string, fs::file_time_type> seen;
    for (const auto& entry : fs::directory_iterator(rocks.path())) seen[entry.path()] = entry.last_write_time();
    return seen;
  };
  const auto before = look();
  const auto second = open_rocksdb_store(rocks.options());
  REQUIRE_FALSE(second);
  CHECK(second.error().what != "");
  CHECK(look() == before);
  CHECK(rocks.warnings() == "");
  CHECK(count_found(*store) == entries);
}

TEST_CASE("a damaged store is repaired, and keeps what can be read") {
  struct Row {
    const char* why;
    void (*damage)(const fs::path&);
    int kept;  // at least
  };
  for (const auto& [why, damage, kept] : {
           Row{"MANIFEST deleted",
               [](const fs::path& dir) {
                 for (auto& m : manifests(dir)) fs::remove(m);
               },
               entries},
           Row{"MANIFEST overwritten",
               [](const fs::path& dir) {
                 for (auto& m : manifests(dir)) write(m, "?");
               },
               entries},
           Row{"MANIFEST emptied",
               [](const fs::path& dir) {
                 for (auto& m : manifests(dir)) write(m, "");
               },
               entries},
           Row{"garbage in CURRENT", [](const fs::path& dir) { write(dir / "CURRENT", "garbage\n"); }, entries},
           Row{"CURRENT emptied", [](const fs::path& dir) { write(dir / "CURRENT", ""); }, entries},
           Row{"CURRENT deleted", [](const fs::path& dir) { fs::remove(dir / "CURRENT"); }, entries},
           Row{"a table truncated", [](const fs::path& dir) { fs::resize_file(a_table(dir), 100); }, entries * 2 / 3},
           Row{"a table deleted", [](const fs::path& dir) { fs::remove(a_table(dir)); }, entries * 2 / 3},
       }) {
    CAPTURE(std::string(why));
    const TempDir dir;
    Rocks rocks(dir.path() / "greylist");
    make_store(rocks);
    damage(rocks.path());

    const auto store = rocks.open();
    INFO(rocks.warnings());
    CHECK(store->status().ok);
    CHECK(rocks.warnings().contains("was repaired"));
    CHECK(broken_beside(rocks.path()) == "");
    CHECK(count_found(*store) >= kept);
    CHECK(run(store->attempt(question(entries), start, limits, no_auto_allow))->verdict == Verdict::first_seen);
  }
}

TEST_CASE("a store whose entries are all in the log still can be repaired") {
  const TempDir dir;
  Rocks rocks(dir.path() / "greylist");
  {
    const auto store = rocks.open();
    CHECK(store->status().entries_estimate == 0);
    fill(*store);
    CHECK(store->status().entries_estimate == entries);
  }
  for (const auto& manifest : manifests(rocks.path())) fs::remove(manifest);
  const auto store = rocks.open();
  CHECK(rocks.warnings().contains("was repaired"));
  CHECK(count_found(*store) == entries);
}

TEST_CASE("a store that can't be repaired is moved aside, and a new one begins") {
  const TempDir dir;
  Rocks rocks(dir.path() / "greylist/");
  make_store(rocks);
  const auto path = dir.path() / "greylist";
  fs::remove(path / "CURRENT");
  fs::create_directories(path / "CURRENT" / "in the way");

  const auto store = rocks.open();
  CHECK(store->status().ok);
  CHECK(count_found(*store) == 0);
  CHECK(broken_beside(path) == path.string() + ".broken-20261122T070000Z");
  CHECK(rocks.warnings().contains("was moved to"));
  fill(*store);
  CHECK(count_found(*store) == entries);
}

TEST_CASE("what is no store at all is moved aside, and a new one begins") {
  const TempDir dir;
  const auto path = dir.path() / "greylist";
  write(path, "somebody's");
  Rocks rocks(path);

  const auto store = rocks.open();
  CHECK(store->status().ok);
  CHECK(fs::file_size(broken_beside(path)) == 10);
  CHECK(rocks.warnings().contains("was moved to"));
  fill(*store);
  CHECK(count_found(*store) == entries);
}

TEST_CASE("where no store can be, calls fail until one can") {
  const TempDir dir;
  Rocks below_a_file(dir.path() / "parent" / "greylist");
  Rocks further_below(dir.path() / "grandparent" / "parent" / "greylist");
  const std::array obstacles{dir.path() / "parent", dir.path() / "grandparent"};
  for (const auto& obstacle : obstacles) write(obstacle, "somebody's");

  const std::array stores{below_a_file.open(), further_below.open()};
  for (const auto& store : stores) {
    CHECK_FALSE(store->status().ok);
    CHECK(store->status().problem.contains("irectory"));
    CHECK_FALSE(run(store->attempt(question(1), start, limits, no_auto_allow)));
    CHECK_FALSE(run(store->find(triplet(1))));
    CHECK_FALSE(run(store->delivered({{triplet(1)}, {"192.0.2.7"}}, start, limits, {})));
    CHECK_FALSE(run(store->forget_credit("192.0.2.7")));
    CHECK(store->status().errors == 4);
  }
  for (const auto& obstacle : obstacles) {
    CHECK(fs::file_size(obstacle) == 10);
    fs::remove(obstacle);
  }
  for (const auto& store : stores) {
    CHECK(becomes_true([&] { return store->status().ok; }));
    CHECK(run(store->attempt(question(1), start, limits, no_auto_allow))->verdict == Verdict::first_seen);
  }
  CHECK(below_a_file.warnings().contains("works again"));
}

TEST_CASE("corrupt data found by a read is repaired while the store runs") {
  const TempDir dir;
  Rocks rocks(dir.path() / "greylist");
  make_store(rocks);
  flip(a_table(rocks.path()), 20, 200);

  const auto store = rocks.open();
  CHECK(store->status().ok);
  CHECK(count_found(*store) < entries);
  CHECK(store->status().errors > 0);
  CHECK(becomes_true([&] { return rocks.warnings().contains("works again"); }));
  CHECK(store->status().ok);
  CHECK(count_found(*store) >= entries * 2 / 3);
  fill(*store);
  CHECK(count_found(*store) == entries);
}

TEST_CASE("corrupt data found by a compaction, which stops all writes, is repaired while the store runs") {
  const TempDir dir;
  Rocks rocks(dir.path() / "greylist");
  make_store(rocks);
  flip(a_table(rocks.path()), 20, 200);

  const auto store = rocks.open();
  CHECK(store->status().ok);
  compact(*store);
  CHECK(becomes_true([&] { return rocks.warnings().contains("works again"); }));
  CHECK(store->status().ok);
  fill(*store);
  compact(*store);
  CHECK(store->status().ok);
  CHECK(count_found(*store) == entries);
}

TEST_CASE("a value that can't be read counts as absent, and as an error") {
  const TempDir dir;
  Rocks rocks(dir.path() / "greylist");
  {
    rocks.open();
  }
  {
    const auto options = rocks.options();
    const auto expiry = std::make_shared<Expiry>(options.clock, limits);
    const DatabasePlace place{
        .path = options.path,
        .options = database_options(options.cache_bytes, expiry, {[](const auto&) {}, options.warn}),
        .clock = options.clock,
        .warn = options.warn};
    const auto database = open_database(place, Rung::open);
    REQUIRE(database);
    auto& db = *(*database)->db;
    REQUIRE(db.Put({}, (*database)->triplets(), triplet_key(triplet(1)), "\xff a version to come").ok());
    REQUIRE(db.Put({}, (*database)->clients(), credit_key("192.0.2.7"), "").ok());
  }
  const auto store = rocks.open();
  compact(*store);
  CHECK(run(store->find(triplet(1))).value() == std::nullopt);
  CHECK(store->status().errors == 1);
  CHECK(run(store->attempt(question(1, "192.0.2.7"), start, limits, {}))->verdict == Verdict::first_seen);
  CHECK(store->status().errors >= 3);
  CHECK(run(store->find(triplet(1))).value().has_value());
  CHECK(store->status().ok);
}
