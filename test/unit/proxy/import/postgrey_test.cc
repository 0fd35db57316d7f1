#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "greylist/triplet.h"
#include "proxy/import/foreign_address.h"
#include "proxy/import/postgrey_entries.h"
#include "proxy/import/read_postgrey.h"
#include "test/unit/proxy/import/collected.h"
#include "test/unit/proxy/temporary_directory.h"

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

void run(const std::string& command) {
  CAPTURE(command);
  REQUIRE(std::system(command.c_str()) == 0);
}

// A real database, by Berkeley DB's own db_load. `options` are its -c NAME=VALUE.
std::string make_database(const TemporaryDirectory& directory, const std::string& name, const Pairs& pairs,
                          const std::string& options = "") {
  std::string text;
  for (const auto& [key, value] : pairs) text += key + "\n" + value + "\n";
  directory.write("pairs", text);
  run("db5.3_load -T -t btree " + options + " -f " + directory.path("pairs") + " " + directory.path(name));
  return directory.path(name);
}

const Pairs triplets = {{"192.0.2.0/alice@example.com/bob@example.org", "1700000000,1700000300"},
                        {"192.0.2.0/bounce-#-bob=example.org@l.example/bob@example.org", "1700000000,1700000299"},
                        {"198.51.100.7//bob@example.org", "1700000000,1700000000"},
                        {"2001:db8:1:2:0:0:0:0/alice@example.com/bob@example.org", "1700000000,1700864000"}};
const Pairs clients = {{"192.0.2.7", "5,1700000000"}, {"2001:DB8:0:0:0:0:0:7", "123,1700000001"}};

Pairs many(int count) {
  Pairs pairs;
  for (int i = 0; i < count; ++i) {
    pairs.emplace_back("192.0." + std::to_string(i % 256) + ".0/sender" + std::to_string(i) + "@example.com/bob@" +
                           std::string(static_cast<std::size_t>(1 + i % 40), 'x') + ".example.org",
                       std::to_string(1700000000 + i) + "," + std::to_string(1700000000 + 2 * i));
  }
  return pairs;
}

Collected read(const std::string& path) {
  Collected got;
  const auto report = proxy::read_postgrey(path, got.take());
  CAPTURE(error_in(report));
  REQUIRE(report);
  CHECK(got.counted_by(*report));
  CHECK(report->left_out.empty());
  std::ranges::sort(got.triplets, {}, [](const auto& one) { return one.client + one.sender; });
  std::ranges::sort(got.earners, {}, &proxy::ImportedEarner::client);
  return got;
}

std::string error_of(const std::string& path) {
  Collected got;
  return error_in(proxy::read_postgrey(path, got.take()));
}

void check_triplets(const Collected& got) {
  REQUIRE(got.triplets.size() == 4);
  const auto& passed = got.triplets[0];
  CHECK(passed.client == "192.0.2.0");
  CHECK(passed.sender == "alice@example.com");
  CHECK(passed.recipient == "bob@example.org");
  CHECK(seconds(passed.first_seen) == 1700000000);
  REQUIRE(passed.passed);  // five minutes after
  CHECK(seconds(*passed.passed) == 1700000300);
  CHECK(seconds(passed.last_seen) == 1700000300);
  CHECK(!got.triplets[1].passed);  // a second less
  CHECK(greylist::keyed_sender(got.triplets[1].sender) == "bounce-#-bob=example.org@l.example");
  CHECK(seconds(got.triplets[1].last_seen) == 1700000299);
  CHECK(got.triplets[2].client == "198.51.100.7");
  CHECK(got.triplets[2].sender.empty());
  CHECK(!got.triplets[2].passed);
  CHECK(got.triplets[3].client == "2001:db8:1:2::");
  CHECK(got.triplets[3].passed);
}

void check_earners(const Collected& got) {
  REQUIRE(got.earners.size() == 2);
  CHECK(got.earners[0].client == "192.0.2.7");
  CHECK(got.earners[0].count == 5);
  CHECK(seconds(got.earners[0].last_used) == 1700000000);
  CHECK(got.earners[1].client == "2001:db8::7");
  CHECK(got.earners[1].count == 123);
}

// What add() makes of one entry: the reason for leaving it out, or none.
std::string reason_for(std::string_view key, std::string_view value, Collected& got) {
  const auto take = got.take();
  proxy::PostgreyEntries entries(take);
  entries.add("192.0.2.1", "1,1700000000");  // one that is fine
  entries.add(key, value);
  const auto report = entries.report();
  REQUIRE(report);
  return report->left_out.empty() ? "" : report->left_out.begin()->first;
}

}  // namespace

TEST_CASE("what postgrey made of a sender leads to the key of the live sender") {
  struct Row {
    const char* why;
    std::string_view live, stored;  // stored: by postgrey 1.37's do_sender_substitutions and lc
    bool restored;
  };
  for (const auto& [why, live, stored, restored] : {
           Row{"nothing taken out", "bob@x.org", "bob@x.org", true},
           Row{"null sender", "", "", true},
           Row{"no domain", "root", "root", true},
           Row{"number in the middle", "bounce-991-bob=y.org@l.org", "bounce-#-bob=y.org@l.org", true},
           Row{"number in front", "991-bounce@l.org", "#-bounce@l.org", true},
           Row{"numbers at each delimiter", "a-1_2=3.4@l.org", "a-1_2=#.#@l.org", true},
           Row{"number in a word", "user1@x.org", "user1@x.org", true},
           Row{"numbers of the domain", "bob@12.x.org", "bob@12.x.org", true},
           Row{"id", "bounce-5f3c09aa-bob=y.org@l.org", "bounce-5f3c09aa-bob=y.org@l.org", true},
           Row{"sub-address", "bob+x@x.org", "bob@x.org", true},
           Row{"BATV", "prvs=0123abcdef=bob@x.org", "bob@x.org", true},
           Row{"BATV the wrong way round", "prvs=bob=0123abcdef@x.org", "bob@x.org", true},
           Row{"BATV with a tag of digits", "prvs=0123456789=a=b@x.org", "prvs=#=a=b@x.org", true},
           Row{"SRS0", "SRS0=aa=22=s.org=bob@f.org", "srs0=aa=#=s.org=bob@f.org", true},
           Row{"SRS0 with a hash of digits", "SRS0=1234=22=s.org=bob@f.org", "srs0=#=#=s.org=bob@f.org", true},
           Row{"SRS1", "SRS1=hh=f.org==12=BB=s.org=bob@g.org", "srs1=hh=f.org==#=bb=s.org=bob@g.org", true},
           Row{"a '#' of the sender's, in a word", "bob#x@x.org", "bob#x@x.org", true},
           Row{"a '#' of the sender's, alone", "a-#-b@x.org", "a-#-b@x.org", true},
           Row{"slashes", "x400/c=de/o=1@gw.org", "x400/c=de/o=#@gw.org", true},

           Row{"nothing but a number", "12345@x.org", "#@x.org", false},
           Row{"nothing but numbers", "12-34@x.org", "#-#@x.org", false},
           Row{"nothing but a number and an id", "12-0123abcdef@x.org", "#-0123abcdef@x.org", false},
           Row{"number left by a sub-address", "12+x@x.org", "#@x.org", false},
           Row{"number behind another character", "a!1@x.org", "a!#@x.org", false},
           Row{"number behind a '#'", "bob#1@x.org", "bob##@x.org", false},
           Row{"number in quotes", "\"bob 12\"@x.org", "\"bob #\"@x.org", false},
           Row{"sub-address of nobody", "+x@x.org", "@x.org", false},
           Row{"SRS0 of a domain with a number", "SRS0=aa=BB=163.com=bob@f.org", "srs0=aa=bb=#.com=bob@f.org", false},
           Row{"SRS0+", "SRS0+aa=BB=s.org=bob@f.org", "srs0@f.org", false},
           Row{"SRS0 with a plus in its hash", "SRS0=a+a=BB=s.org=bob@f.org", "srs0=a@f.org", false},
           Row{"quotes that were cut", "\"a+b c\"@x.org", "\"a@x.org", false},
       }) {
    CAPTURE(why);
    const auto sender = proxy::restored_sender(stored);
    CHECK(sender.has_value() == restored);
    if (!sender) continue;
    const auto client = *greylist::IpAddress::parse("192.0.2.7");
    CHECK(greylist::make_triplet(client, *sender, "c@d.org", {}) ==
          greylist::make_triplet(client, live, "c@d.org", {}));
  }
}

TEST_CASE("a key is client, sender and recipient, each of which may have slashes") {
  struct Row {
    const char* why;
    std::string_view key, client, sender, recipient;
  };
  for (const auto& [why, key, client, sender, recipient] : {
           Row{"network", "192.0.2.0/a@x.org/b@y.org", "192.0.2.0", "a@x.org", "b@y.org"},
           Row{"--lookup-by-host", "192.0.2.7/32/a@x.org/b@y.org", "192.0.2.7", "a@x.org", "b@y.org"},
           Row{"--lookup-by-host, IPv6", "2001:db8:0:0:0:0:0:7/128/a@x.org/b@y.org", "2001:db8::7", "a@x.org",
               "b@y.org"},
           Row{"a sender that begins like a length", "192.0.2.0/24/a@x.org/b@y.org", "192.0.2.0", "24/a@x.org",
               "b@y.org"},
           Row{"null sender", "192.0.2.0//b@y.org", "192.0.2.0", "", "b@y.org"},
           Row{"slash in the sender", "192.0.2.0/a/b/c@x.org/b@y.org", "192.0.2.0", "a/b/c@x.org", "b@y.org"},
           Row{"slash in front of the sender", "192.0.2.0//a@x.org/b@y.org", "192.0.2.0", "/a@x.org", "b@y.org"},
           Row{"slash in the recipient", "192.0.2.0/a@x.org/b/c@y.org", "192.0.2.0", "a@x.org", "b/c@y.org"},
           Row{"null sender, slash in the recipient", "192.0.2.0//b/c@y.org", "192.0.2.0", "", "b/c@y.org"},
           Row{"no domains", "192.0.2.0/root/postmaster", "192.0.2.0", "root", "postmaster"},
           Row{"address literal", "192.0.2.0/a@[192.0.2.1]/b@y.org", "192.0.2.0", "a@[192.0.2.1]", "b@y.org"},
           Row{"quotes", "192.0.2.0/\"a b\"@x.org/b@y.org", "192.0.2.0", "\"a b\"@x.org", "b@y.org"},
       }) {
    CAPTURE(why);
    Collected got;
    CHECK(reason_for(key, "1700000000,1700000300", got) == "");
    REQUIRE(got.triplets.size() == 1);
    CHECK(got.triplets[0].client == client);
    CHECK(got.triplets[0].sender == sender);
    CHECK(got.triplets[0].recipient == recipient);
  }
}

TEST_CASE("entries that can't be taken over say why") {
  struct Row {
    const char* why;
    std::string key, value;
    std::string_view reason;
  };
  const std::string good = "192.0.2.0/a@x.org/b@y.org", times = "1700000000,1700000300";
  const std::string_view no_addresses = "sender and recipient can't be told apart or aren't addresses";
  for (const auto& [why, key, value, reason] : {
           Row{"hash", std::string(40, 'a'), times, "the entry was hashed by postgrey --privacy"},
           Row{"no client", "/a@x.org/b@y.org", times, "the entry is none of postgrey's"},
           Row{"a name for a client", "mx.x.org/a@x.org/b@y.org", times, "the entry is none of postgrey's"},
           Row{"nothing like a key", "postmaster", "root", "the entry is none of postgrey's"},
           Row{"empty", "", "", "the entry is none of postgrey's"},
           Row{"endless", good + std::string(10'000, 'g'), times, "the entry is none of postgrey's"},
           Row{"no recipient", "192.0.2.0/a@x.org", times, no_addresses},
           Row{"empty recipient", "192.0.2.0/a@x.org/", times, no_addresses},
           Row{"control character", "192.0.2.0/a\x01@x.org/b@y.org", times, no_addresses},
           Row{"no UTF-8", "192.0.2.0/\xe9@x.org/b@y.org", times, no_addresses},
           Row{"two signs", "192.0.2.0/a@x.org@z.org/b@y.org", times, no_addresses},
           Row{"number", "192.0.2.0/#@x.org/b@y.org", times, "the sender's number matters and postgrey took it out"},
           Row{"sub-address of nobody", "192.0.2.0/@x.org/b@y.org", times,
               "the sender was nothing but a sub-address, which postgrey took out"},
           Row{"no times", good, "", "the times can't be read"},
           Row{"one time", good, "1700000000", "the times can't be read"},
           Row{"words", good, "1700000000,now", "the times can't be read"},
           Row{"no count", "192.0.2.7", ",1700000000", "count and time can't be read"},
           Row{"count below 0", "192.0.2.7", "-1,1700000000", "count and time can't be read"},
       }) {
    CAPTURE(why);
    Collected got;
    CHECK(reason_for(key, value, got) == reason);
    CHECK(got.triplets.empty());
    CHECK(got.earners.size() == 1);
  }
}

TEST_CASE("the last octet that older ones kept apart is put back; a clock that went back harms nothing") {
  Collected got;
  CHECK(reason_for("192.0.2.0/a@x.org/b@y.org", "1700000300,1700000000,7", got) == "");
  REQUIRE(got.triplets.size() == 1);
  CHECK(got.triplets[0].client == "192.0.2.7");
  CHECK(!got.triplets[0].passed);
  CHECK(got.triplets[0].last_seen == got.triplets[0].first_seen);
}

TEST_CASE("postgrey's databases are read, by themselves, in their directory and as db_dump writes them") {
  const TemporaryDirectory directory;
  const auto database = make_database(directory, "postgrey.db", triplets);
  const auto counts = make_database(directory, "postgrey_clients.db", clients);

  check_triplets(read(database));
  check_earners(read(counts));
  const auto both = read(directory.path());
  check_triplets(both);
  check_earners(both);

  for (const std::string options : {"", "-p "}) {
    CAPTURE(options);
    run("db5.3_dump " + options + database + " >" + directory.path("dump"));
    check_triplets(read(directory.path("dump")));
    run("db5.3_dump " + options + counts + " >>" + directory.path("dump"));
    const auto dumps = read(directory.path("dump"));
    check_triplets(dumps);
    check_earners(dumps);
  }
  std::filesystem::remove(database);
  check_earners(read(directory.path()));
}

TEST_CASE("databases of many pages, of either byte order, with checksums and with entries of several pages") {
  const TemporaryDirectory directory;
  auto pairs = many(3000);
  pairs.emplace_back("192.0.2.0/" + std::string(400, 'a') + "@x.org/" + std::string(900, 'b') + "@y.org",
                     "1700000000,1700000001");  // 512 octets a page
  for (const std::string options : {"", "-c db_pagesize=512", "-c db_pagesize=65536", "-c db_lorder=4321",
                                    "-c db_lorder=1234", "-c chksum=1 -c db_pagesize=512"}) {
    CAPTURE(options);
    const auto got = read(make_database(directory, "database", pairs, options));
    REQUIRE(got.triplets.size() == pairs.size());
    auto keys = pairs;
    std::ranges::sort(keys);
    std::vector<std::string> seen;
    for (const auto& one : got.triplets) seen.push_back(one.client + "/" + one.sender + "/" + one.recipient);
    std::ranges::sort(seen);
    CHECK(std::ranges::equal(seen, keys, {}, {}, &Pairs::value_type::first));
    std::filesystem::remove(directory.path("database"));
  }
}

TEST_CASE("hashes of --privacy are refused where there is nothing else, and counted where there is") {
  const TemporaryDirectory directory;
  const Pairs hashed = {{"0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33", "1700000000,1700000300"},
                        {"62cdb7020ff920e5aa642c3d4066950dd1f01f4d", "1700000000,1700000300"}};
  const auto error = error_of(make_database(directory, "hashed", hashed));
  CHECK(error ==
        directory.path("hashed") +
            ": every entry was hashed by postgrey --privacy, so that clients and addresses can't be had from it");

  auto both = hashed;
  both.insert(both.end(), triplets.begin(), triplets.end());
  Collected got;
  const auto report = proxy::read_postgrey(make_database(directory, "both", both), got.take());
  REQUIRE(report);
  CHECK(report->triplets == 4);
  CHECK(report->left_out == std::map<std::string, std::uint64_t>{{"the entry was hashed by postgrey --privacy", 2}});
}

TEST_CASE("what isn't postgrey's, or not all of it, is an error that names the file") {
  const TemporaryDirectory directory;
  const auto database = make_database(directory, "good", many(200));
  std::ifstream file(database, std::ios::binary);
  const std::string octets{std::istreambuf_iterator<char>(file), {}};
  run("db5.3_dump -p " + database + " >" + directory.path("dump"));
  std::ifstream dump_file(directory.path("dump"), std::ios::binary);
  const std::string dump{std::istreambuf_iterator<char>(dump_file), {}};
  const auto with = [](std::string text, std::size_t at, char c) {
    text[at] = c;
    return text;
  };

  struct Row {
    const char* name;
    std::string text;
    std::string_view error;
  };
  for (const auto& [name, text, error] : {
           Row{"empty", "", "neither a Berkeley DB file nor what db_dump writes"},
           Row{"text", "alice bob\n", "neither a Berkeley DB file nor what db_dump writes"},
           Row{"SQLite", "SQLite format 3", "neither a Berkeley DB file nor what db_dump writes"},
           Row{"half", octets.substr(0, octets.size() / 2), "it is cut short: its end is missing"},
           Row{"meta page alone", octets.substr(0, 60), "it is cut short: its end is missing"},
           Row{"another version", with(octets, 16, 10),
               "it is of a Berkeley DB version that can't be read (B-tree version 10): write it out with that "
               "version's "
               "db_dump"},
           Row{"encrypted", with(octets, 24, 1), "it is encrypted: write it out with db_dump"},
           Row{"odd page size", with(octets, 20, 1), "its first page is damaged: no page size"},
           Row{"dump without its end", dump.substr(0, dump.size() - 9), "it is cut short: no DATA=END"},
           Row{"dump of a header's half", dump.substr(0, 20), "it is cut short: no DATA=END"},
           Row{"dump without format", "VERSION=3\nHEADER=END\nDATA=END\n", "its header says no format"},
           Row{"dump of numbered records", "VERSION=3\nformat=print\ntype=recno\nHEADER=END\n a\nDATA=END\n",
               "it is the dump of another kind of database (type=recno)"},
           Row{"dump with a key left", "VERSION=3\nformat=print\nHEADER=END\n a\nDATA=END\n",
               "it is damaged: a key without a value"},
           Row{"dump with another line", "VERSION=3\nformat=print\nHEADER=END\na\n",
               "it is damaged: a line that doesn't begin with a blank"},
           Row{"text behind a dump", dump + "more\n", "it is not what db_dump writes"},
           Row{"others' entries", "VERSION=3\nformat=print\nHEADER=END\n postmaster\n root\nDATA=END\n",
               "it has none of postgrey's entries"},
       }) {
    CAPTURE(name);
    const auto path = directory.write(name, text);
    CHECK(error_of(path) == path + ": " + std::string(error));
  }
  run("db5.3_load -T -t hash -f " + directory.path("pairs") + " " + directory.path("hash"));
  CHECK(error_of(directory.path("hash")).contains("it is not a B-tree of Berkeley DB"));
  CHECK(error_of(directory.path("missing")) == directory.path("missing") + ": No such file or directory");
  std::filesystem::create_directory(directory.path("other"));
  CHECK(error_of(directory.path("other")).ends_with(": neither postgrey.db nor postgrey_clients.db is in there"));
}

TEST_CASE("an empty database is no error") {
  const TemporaryDirectory directory;
  CHECK(read(make_database(directory, "none", {})).triplets.empty());
}

TEST_CASE("a damaged page costs its own entries, a damaged line of a dump its own") {
  const TemporaryDirectory directory;
  const auto pairs = many(1000);
  const auto database = make_database(directory, "good", pairs, "-c db_pagesize=1024");
  std::fstream file(database, std::ios::binary | std::ios::in | std::ios::out);
  std::string page(1024, '\0');
  for (std::streamoff at = 1024; file.seekg(at).read(page.data(), 1024); at += 1024) {
    if (page[25] != 5) continue;  // a leaf
    page.replace(26, 2, "\xff\xff");
    file.seekp(at).write(page.data(), 1024);
    break;
  }
  file.close();
  Collected got;
  const auto report = proxy::read_postgrey(database, got.take());
  REQUIRE(report);
  CHECK(report->triplets == pairs.size() - 1);
  CHECK(report->left_out == std::map<std::string, std::uint64_t>{{"the entry can't be read from the file", 1}});

  const auto dump = directory.write("dump",
                                    "VERSION=3\nformat=bytevalue\nHEADER=END\n 3139x2\n 31\n"
                                    " 3139322e302e322e31\n 312c32\nDATA=END\n");
  Collected from_dump;
  const auto dumped = proxy::read_postgrey(dump, from_dump.take());
  REQUIRE(dumped);
  CHECK(dumped->earners == 1);
  CHECK(left_out(*dumped) == 1);
}
