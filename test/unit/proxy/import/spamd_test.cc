#include <doctest/doctest.h>

#include "proxy/import/read_spamd.h"
#include "test/unit/proxy/import/collected.h"
#include "test/unit/proxy/temporary_directory.h"

namespace {

struct Read {
  std::expected<proxy::ImportReport, std::string> report;
  Collected got;
};

Read read(std::string_view text) {
  Collected got;
  proxy::TextInput input{std::string(text)};
  auto report = proxy::read_spamd(input, got.take());
  return {std::move(report), std::move(got)};
}

}  // namespace

TEST_CASE("each kind of line of spamdb becomes what it stands for") {
  // The examples of spamdb(8), with addresses for documentation.
  const TemporaryDirectory directory;
  const auto path = directory.write("spamdb",
                                    "WHITE|192.0.2.165|||1700000000|1700001500|1703111900|3|72\n"
                                    "GREY|198.51.100.7|mail.example.com|<alice@example.com>|<bob@example.org>"
                                    "|1700000000|1700014400|1700014400|2|0\n"
                                    "GREY|2001:db8::7|<>|<bob@example.org>|1700000100|1700014400|1700014400|1|0\r\n"
                                    "TRAPPED|203.0.113.9|1700086400\n"
                                    "SPAMTRAP|trap@example.org\n");
  Collected got;
  const auto report = proxy::read_spamd(path, got.take());
  REQUIRE(report);
  CHECK(got.counted_by(*report));

  REQUIRE(got.allows.size() == 1);
  CHECK(got.allows[0].client == "192.0.2.165");
  CHECK(got.allows[0].sender.empty());
  CHECK(got.allows[0].recipient.empty());
  CHECK(got.allows[0].note == "spamd WHITE");
  REQUIRE(got.allows[0].last_seen);
  CHECK(seconds(*got.allows[0].last_seen) == 1703111900 - 36 * 86400);

  REQUIRE(got.triplets.size() == 2);
  CHECK(got.triplets[0].client == "198.51.100.7");
  CHECK(got.triplets[0].sender == "alice@example.com");
  CHECK(got.triplets[0].recipient == "bob@example.org");
  CHECK(seconds(got.triplets[0].first_seen) == 1700000000);
  CHECK(seconds(got.triplets[0].last_seen) == 1700000000);
  CHECK(!got.triplets[0].passed);
  CHECK(got.triplets[1].client == "2001:db8::7");
  CHECK(got.triplets[1].sender.empty());

  REQUIRE(got.blocks.size() == 1);
  CHECK(got.blocks[0].client == "203.0.113.9");
  REQUIRE(got.blocks[0].lapses);
  CHECK(seconds(*got.blocks[0].lapses) == 1700086400);

  CHECK(report->left_out ==
        std::map<std::string, std::uint64_t>{{"SPAMTRAP: there are no trap addresses to take it to", 1}});
}

TEST_CASE("a white client was last seen no earlier than it became white") {
  const auto white = read("WHITE|192.0.2.1|||1700000000|1700001500|1700001600|0|0\n");
  REQUIRE(white.got.allows.size() == 1);
  CHECK(seconds(*white.got.allows[0].last_seen) == 1700001500);
}

TEST_CASE("addresses are found whatever the client wrote") {
  struct Row {
    const char* why;
    std::string_view paths, from, to;
  };
  for (const auto& [why, paths, from, to] : {
           Row{"HELO name", "mx.example.com|<a@x.org>|<b@y.org>", "a@x.org", "b@y.org"},
           Row{"none, as older ones print it", "<a@x.org>|<b@y.org>", "a@x.org", "b@y.org"},
           Row{"empty HELO name", "|<a@x.org>|<b@y.org>", "a@x.org", "b@y.org"},
           Row{"null sender", "h|<>|<b@y.org>", "", "b@y.org"},
           Row{"bars within", "h|i|<a|a@x.org>|<b|b@y.org>", "a|a@x.org", "b|b@y.org"},
           Row{"no brackets", "h|a@x.org|b@y.org", "a@x.org", "b@y.org"},
           Row{"no brackets, no HELO name", "a@x.org|b@y.org", "a@x.org", "b@y.org"},
           Row{"brackets round one", "h|<a@x.org>|b@y.org", "a@x.org", "b@y.org"},
           Row{"parameters", "h|<a@x.org> SIZE=9|<b@y.org> NOTIFY=NEVER", "a@x.org", "b@y.org"},
           Row{"parameters without brackets", "h|a@x.org SIZE=9|b@y.org", "a@x.org", "b@y.org"},
           Row{"source route", "h|<@r.org,@s.org:a@x.org>|<b@y.org>", "a@x.org", "b@y.org"},
           Row{"a colon in a local part is none", "h|<\"a:b\"@x.org>|<b@y.org>", "\"a:b\"@x.org", "b@y.org"},
           Row{"no domain", "h|<root>|<postmaster>", "root", "postmaster"},
       }) {
    CAPTURE(why);
    const auto line = "GREY|192.0.2.7|" + std::string(paths) + "|1700000000|1700014400|1700014400|1|0\n";
    const auto grey = read(line);
    REQUIRE(grey.got.triplets.size() == 1);
    CHECK(grey.got.triplets[0].sender == from);
    CHECK(grey.got.triplets[0].recipient == to);
  }
}

TEST_CASE("lines that can't be taken over are counted, the others taken") {
  struct Row {
    const char* why;
    std::string_view line, reason;
  };
  constexpr std::string_view good = "TRAPPED|203.0.113.9|1700086400\n";
  for (const auto& [why, line, reason] : {
           Row{"another word", "BLACK|192.0.2.1|1", "the line is none of spamdb's"},
           Row{"no bar", "GREY", "the client is not an address"},
           Row{"no client", "GREY||h|<a@x.org>|<b@y.org>|1|2|3|4|5", "the client is not an address"},
           Row{"a name for one", "WHITE|mx.example.com|||1|2|3|4|5", "the client is not an address"},
           Row{"a time that is none", "TRAPPED|192.0.2.1|never", "the times can't be read"},
           Row{"no time", "TRAPPED|192.0.2.1", "the times can't be read"},
           Row{"too few fields", "WHITE|192.0.2.1|1|2|3", "the times can't be read"},
           Row{"fields for times", "GREY|192.0.2.1|h|<a@x.org>|<b@y.org>|x|2|3|4|5", "the times can't be read"},
           Row{"no recipient", "GREY|192.0.2.1|<a@x.org>|1|2|3|4|5",
               "sender and recipient can't be told apart or aren't addresses"},
           Row{"empty recipient", "GREY|192.0.2.1|h|<a@x.org>|<>|1|2|3|4|5",
               "sender and recipient can't be told apart or aren't addresses"},
           Row{"control characters", "GREY|192.0.2.1|h|<a\x01@x.org>|<b@y.org>|1|2|3|4|5",
               "sender and recipient can't be told apart or aren't addresses"},
           Row{"many bars and no brackets", "GREY|192.0.2.1|h|a|a@x.org|b@y.org|1|2|3|4|5",
               "sender and recipient can't be told apart or aren't addresses"},
       }) {
    CAPTURE(why);
    const auto lines = read(std::string(good).append(line).append("\n\n").append(good));
    REQUIRE(lines.report);
    CHECK(lines.got.blocks.size() == 2);
    CHECK(lines.report->left_out == std::map<std::string, std::uint64_t>{{std::string(reason), 1}});
  }
  const auto endless = read(std::string(good) + "GREY|" + std::string(100'000, 'x') + "\n" + std::string(good));
  REQUIRE(endless.report);
  CHECK(endless.got.blocks.size() == 2);
  CHECK(left_out(*endless.report) == 1);
}

TEST_CASE("a line that is cut anywhere is counted once") {
  const std::string line = "GREY|192.0.2.7|mx.example.com|<a@x.org>|<b@y.org>|1700000000|1700014400|1700014400|1|0";
  for (std::size_t size = 1; size <= line.size(); ++size) {
    CAPTURE(size);
    const auto cut = read("SPAMTRAP|a@b.org\n" + line.substr(0, size));
    REQUIRE(cut.report);
    CHECK(cut.got.counted_by(*cut.report));
    CHECK(cut.got.triplets.size() + left_out(*cut.report) == 2);
  }
}

TEST_CASE("what isn't spamdb's output is an error that names the file") {
  const TemporaryDirectory directory;
  Collected got;
  const auto error = [&](const std::string& path) { return error_in(proxy::read_spamd(path, got.take())); };
  CHECK(error(directory.path("missing")) == directory.path("missing") + ": No such file or directory");
  CHECK(error(directory.path()) == directory.path() + ": Is a directory");
  const auto other = directory.write("other", "192.0.2.1\nfoo\n");
  CHECK(error(other) == other + ": it is not what spamdb prints: no line begins with WHITE| or GREY|");
  CHECK(proxy::read_spamd(directory.write("empty", ""), got.take()));
}
