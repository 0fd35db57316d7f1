#include "smtp/reply_reader.h"

#include <doctest/doctest.h>

#include <string>

using namespace std::string_literals;

namespace {

std::string outcome(std::string_view buffer) {
  const auto read = smtp::next_reply(buffer);
  if (std::holds_alternative<smtp::NeedMore>(read)) return "more";
  if (std::holds_alternative<smtp::Garbage>(read)) return "garbage";
  const auto& answer = std::get<smtp::Answer>(read);
  return answer.reply.wire() + std::to_string(answer.reply.code()) + "/" + std::to_string(answer.consumed);
}

std::string many_lines(std::size_t octets) {
  std::string lines;
  while (lines.size() < octets) lines += "250-" + std::string(994, 'x') + "\r\n";
  return lines;
}

}  // namespace

TEST_CASE("a backend's reply is passed on word for word, or is none") {
  struct Row {
    std::string why;
    std::string wire;
    std::string outcome;
  };
  for (const auto& [why, wire, expected] : {
           Row{"one line", "250 OK\r\n", "250 OK\r\n250/8"},
           Row{"several lines", "550-no\r\n550-never\r\n550 go\r\n", "550-no\r\n550-never\r\n550 go\r\n550/27"},
           Row{"more follows", "250 OK\r\n354 go\r\n", "250 OK\r\n250/8"},
           Row{"the code alone", "250\r\n", "250\r\n250/5"},
           Row{"code and space alone", "250 \r\n", "250 \r\n250/6"},
           Row{"a continued line without text", "250-\r\n250\r\n", "250-\r\n250\r\n250/11"},
           Row{"LF without CR", "250-a\n250 b\n", "250-a\r\n250 b\r\n250/12"},
           Row{"8-bit and tabs", "250 caf\xe9\t!\r\n", "250 caf\xe9\t!\r\n250/12"},
           Row{"a code nobody knows", "299 x\r\n", "299 x\r\n299/7"},
           Row{"a continuation that never ends", "250-a\r\n250-b\r\n", "more"},
           Row{"nothing yet", "", "more"},
           Row{"1yz", "150 x\r\n", "garbage"},
           Row{"above 5yz", "650 x\r\n", "garbage"},
           Row{"no code", "hello\r\n", "garbage"},
           Row{"an empty line", "\r\n", "garbage"},
           Row{"two digits", "25 x\r\n", "garbage"},
           Row{"four digits", "2500 x\r\n", "garbage"},
           Row{"a letter in the code", "25O x\r\n", "garbage"},
           Row{"a tab after the code", "250\tx\r\n", "garbage"},
           Row{"codes that differ", "250-a\r\n251 b\r\n", "garbage"},
           Row{"a continued line without code", "250-a\r\nb\r\n", "garbage"},
           Row{"a bare CR", "250 a\rb\r\n", "garbage"},
           Row{"two CRs", "250 a\r\r\n", "garbage"},
           Row{"a NUL", "250 a\0b\r\n"s, "garbage"},
           Row{"a line of 4,096 octets", "250 "s + std::string(4090, 'x') + "\r\n",
               "250 "s + std::string(4090, 'x') + "\r\n250/4096"},
           Row{"a line of 4,097 octets", "250 "s + std::string(4091, 'x') + "\r\n", "garbage"},
           Row{"64 KiB in all", many_lines(65000) + "250 " + std::string(530, 'x') + "\r\n",
               many_lines(65000) + "250 " + std::string(530, 'x') + "\r\n250/65536"},
           Row{"an octet more", many_lines(65000) + "250 " + std::string(531, 'x') + "\r\n", "garbage"},
       }) {
    CAPTURE(why);
    CHECK(outcome(wire) == expected);

    // A prefix waits for more or says what the whole says, never anything else.
    bool judged = false;
    for (std::size_t cut = 0; cut < wire.size(); cut += wire.size() > 10000 ? 97 : 1) {
      const auto early = outcome(std::string_view(wire).substr(0, cut));
      judged = judged || early != "more";
      if (early != (judged ? expected : "more")) FAIL_CHECK("cut at ", cut, ": ", early);
    }
  }
}

TEST_CASE("endless lines and replies are not waited for") {
  CHECK(outcome(std::string(4096, '2')) == "more");
  CHECK(outcome(std::string(4097, '2')) == "garbage");
  CHECK(outcome(many_lines(65000)) == "more");
  CHECK(outcome(many_lines(66000)) == "garbage");
}
