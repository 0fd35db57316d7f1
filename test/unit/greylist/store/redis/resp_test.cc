#include "greylist/store/redis/resp.h"

#include <doctest/doctest.h>

#include <string>

using namespace greylist::redis;
using Kind = Reply::Kind;

namespace {

Reply text(std::string octets) { return {.kind = Kind::text, .text = std::move(octets)}; }
Reply number(std::int64_t value) { return {.kind = Kind::number, .number = value}; }

// The replies in `octets`, which come in pieces of that size.
std::vector<Reply> read(std::string_view octets, std::size_t piece) {
  ReplyReader reader;
  std::vector<Reply> replies;
  for (; !octets.empty(); octets.remove_prefix(std::min(piece, octets.size()))) {
    reader.feed(octets.substr(0, piece));
    for (;;) {
      auto reply = reader.next();
      REQUIRE(reply);
      if (!*reply) break;
      replies.push_back(**std::move(reply));
    }
  }
  return replies;
}

}  // namespace

TEST_CASE("a command is its words, whatever octets they are of") {
  CHECK(command({"GET", "a"}) == "*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
  CHECK(command({"SET", std::string_view("\0\r\n", 3), ""}) ==
        std::string("*3\r\n$3\r\nSET\r\n$3\r\n\0\r\n\r\n$0\r\n\r\n", 28));
}

TEST_CASE("replies of each kind, in pieces of any size") {
  const std::string octets =
      "+OK\r\n-ERR no\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n*3\r\n:1\r\n$-1\r\n*1\r\n$2\r\nxy\r\n";
  const Reply error{.kind = Kind::error, .text = "ERR no"};
  const Reply inner{.kind = Kind::list, .items = {text("xy")}};
  const std::vector<Reply> expected{
      text("OK"), error, number(-7), text("a\r\n"), {}, {}, {.kind = Kind::list, .items = {number(1), {}, inner}}};
  for (std::size_t piece = 1; piece <= octets.size(); ++piece) {
    CAPTURE(piece);
    CHECK(read(octets, piece) == expected);
  }
}

TEST_CASE("what is no reply ends the conversation") {
  for (const auto* octets : {"HTTP/1.0 400 Bad Request\r\n", "*x\r\n", ":1x\r\n", "*1000001\r\n"}) {
    CAPTURE(octets);
    ReplyReader reader;
    reader.feed(octets);
    CHECK_FALSE(reader.next());
    CHECK_FALSE(reader.next());
  }
}

TEST_CASE("a reply that never ends is given up") {
  ReplyReader reader;
  reader.feed("$200000000\r\n");
  const std::string much(1 << 20, 'x');
  int fed = 0;
  while (reader.next() && fed < 200) reader.feed(much), ++fed;
  CHECK(fed >= 64);
  CHECK(fed < 70);
}

TEST_CASE("an error is told by its first word") {
  const Reply moved{.kind = Kind::error, .text = "MOVED 1 a:2"};
  CHECK(moved.is_error("MOVED"));
  CHECK_FALSE(moved.is_error("MOVE"));
  CHECK_FALSE(text("MOVED 1 a:2").is_error("MOVED"));
}
