#include "greylist/store/record_codec.h"

#include <doctest/doctest.h>

#include <limits>
#include <tuple>

using namespace greylist;
using namespace std::string_literals;

namespace {

Time at(std::int64_t ms) { return Time(Duration(ms)); }

const Record waiting{.first_seen = at(0x0102030405), .last_seen = at(0x060708090a), .last_client = "192.0.2.1"};
const Record passed{.first_seen = at(1), .passed = at(2), .last_seen = at(3), .credited = true, .last_client = "::1"};

}  // namespace

TEST_CASE("records lie on disk as documented") {
  CHECK(encode(waiting) ==
        "\x01"
        "\x05\x04\x03\x02\x01\x00\x00\x00"
        "\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x0a\x09\x08\x07\x06\x00\x00\x00"
        "\x00\x09"
        "192.0.2.1"s);
  CHECK(encode(passed) ==
        "\x01"
        "\x01\x00\x00\x00\x00\x00\x00\x00"
        "\x02\x00\x00\x00\x00\x00\x00\x00"
        "\x03\x00\x00\x00\x00\x00\x00\x00"
        "\x03\x03"
        "::1"s);
  CHECK(encode(Credit{0x01020304, at(5), at(6)}) ==
        "\x01"
        "\x04\x03\x02\x01"
        "\x05\x00\x00\x00\x00\x00\x00\x00"
        "\x06\x00\x00\x00\x00\x00\x00\x00"s);
}

TEST_CASE("what was encoded is decoded") {
  Record at_the_epoch = passed;
  at_the_epoch.passed = at(0);
  Record before_the_epoch = passed;
  before_the_epoch.first_seen = at(-5);
  Record nameless = waiting;
  nameless.last_client.clear();
  for (const auto& record : {waiting, passed, at_the_epoch, before_the_epoch, nameless, Record{}}) {
    CHECK(decode_record(encode(record)) == record);
  }
  const Credit credit{4'000'000'000, at(-1), at(std::int64_t{1} << 52)};
  CHECK(decode_credit(encode(credit)) == credit);

  Record wordy = waiting;
  wordy.last_client.assign(300, 'x');
  CHECK(decode_record(encode(wordy))->last_client == std::string(255, 'x'));
}

TEST_CASE("a value cut short at any length, or too long, is refused") {
  for (const auto& record : {waiting, passed}) {
    const auto value = encode(record);
    for (std::size_t size = 0; size < value.size(); ++size) {
      CAPTURE(size);
      CHECK_FALSE(decode_record(std::string_view(value).substr(0, size)));
    }
    CHECK_FALSE(decode_record(value + '\0'));
  }
  const auto value = encode(Credit{1, at(2), at(3)});
  for (std::size_t size = 0; size < value.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode_credit(std::string_view(value).substr(0, size)));
  }
  CHECK_FALSE(decode_credit(value + '\0'));
}

TEST_CASE("a value that we can't have written is refused") {
  struct Row {
    const char* why;
    std::size_t offset;
    char octet;
  };
  for (const auto& [why, offset, octet] : {
           Row{"version 0", 0, 0},
           Row{"a version to come", 0, 2},
           Row{"first seen in the far future", 8, 0x7f},
           Row{"passed in the far past", 16, static_cast<char>(0x80)},
           Row{"last seen in the far future", 24, 0x11},
           Row{"a flag that is not defined", 25, 4 | 2},
           Row{"not passed, but at a time", 25, 0},
       }) {
    CAPTURE(why);
    auto value = encode(passed);
    value[offset] = octet;
    CHECK_FALSE(decode_record(value));
  }
  auto value = encode(Credit{1, at(2), at(3)});
  value[0] = 2;
  CHECK_FALSE(decode_credit(value));
  value[0] = 1;
  value[20] = 0x7f;
  CHECK_FALSE(decode_credit(value));
}

TEST_CASE("a reputation is read as it was written, and refused if we can't have written it") {
  const Reputation reputation{.retries = 1.5,
                              .deliveries = 2,
                              .one_shots = 0.125,
                              .unknown_recipients = 4,
                              .refused_messages = 5,
                              .trap_hits = 6,
                              .pending = {7, 8},
                              .as_of = at(1),
                              .passed = at(2)};
  CHECK(decode_reputation(encode(reputation)) == reputation);
  auto endless = reputation;
  endless.retries = std::numeric_limits<double>::infinity();
  CHECK_FALSE(decode_reputation(encode(endless)));
  auto trapped = reputation;
  trapped.passed.reset();
  trapped.trapped = at(3);
  CHECK(decode_reputation(encode(trapped)) == trapped);
  const auto value = encode(reputation);
  CHECK(value.size() == 90);
  CHECK_FALSE(decode_reputation(value + '\0'));
  CHECK_FALSE(decode_reputation(value.substr(1)));
  for (const auto& [why, offset, octet] : {
           std::tuple{"a version to come", 0, '\2'},
           {"a negative number", 8, '\xc0'},
           {"a time in the far future", 72, '\x7f'},
           {"not passed, but at a time", 89, '\0'},
           {"a flag that is not defined", 89, '\5'},
       }) {
    CAPTURE(why);
    auto broken = value;
    broken[offset] = octet;
    CHECK_FALSE(decode_reputation(broken));
  }
}
