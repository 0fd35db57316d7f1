#include "smtp/extensions.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using smtp::Extensions;
using smtp::Reply;

namespace {

constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("an EHLO reply lists what a server offers") {
  struct Row {
    std::string why;
    std::string wire;
    Extensions found;
  };
  for (const auto& [why, wire, found] : {
           Row{"nothing", "250 mx\r\n", {}},
           Row{"a server called DSN", "250-DSN\r\n250 HELP\r\n", {}},
           Row{"everything",
               "250-mx Hello\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n250-8BITMIME\r\n"
               "250-SMTPUTF8\r\n250-DSN\r\n250-CHUNKING\r\n250-SIZE 1000\r\n250 XCLIENT NAME ADDR\r\n",
               {.pipelining = true,
                .enhanced_status_codes = true,
                .starttls = true,
                .eight_bit_mime = true,
                .smtp_utf8 = true,
                .dsn = true,
                .chunking = true,
                .size = 1000,
                .xclient = {"NAME", "ADDR"}}},
           Row{"any case",
               "250-mx\r\n250-dsn\r\n250 xclient Name aDDr\r\n",
               {.dsn = true, .xclient = {"NAME", "ADDR"}}},
           Row{"a keyword with surplus words", "250-mx\r\n250 DSN and more\r\n", {.dsn = true}},
           Row{"blanks all over", "250-mx\r\n250-  DSN \r\n250 SIZE   7  \r\n", {.dsn = true, .size = 7}},
           Row{"unknown keywords", "250-mx\r\n250-DSNX\r\n250-XDSN\r\n250 AUTH=LOGIN\r\n", {}},
           Row{"SIZE without a number", "250-mx\r\n250 SIZE\r\n", {.size = 0}},
           Row{"SIZE without a limit", "250-mx\r\n250 SIZE 0\r\n", {.size = 0}},
           Row{"SIZE that is no number", "250-mx\r\n250 SIZE lots\r\n", {.size = 0}},
           Row{"SIZE beyond 64 bits", "250-mx\r\n250 SIZE 99999999999999999999\r\n", {.size = unlimited}},
           Row{"SIZE= is no keyword", "250-mx\r\n250-SIZE=5\r\n250 HELP\r\n", {}},
           Row{"XCLIENT without attributes", "250-mx\r\n250 XCLIENT\r\n", {}},
           Row{"lines without text", "250-mx\r\n250-\r\n250\r\n", {}},
       }) {
    CAPTURE(why);
    CHECK(smtp::parse_ehlo(Reply::verbatim(250, wire)) == found);
  }
}

TEST_CASE("what two servers both offer") {
  const Extensions all{.pipelining = true,
                       .enhanced_status_codes = true,
                       .starttls = true,
                       .eight_bit_mime = true,
                       .smtp_utf8 = true,
                       .dsn = true,
                       .chunking = true};
  CHECK(smtp::intersect(all, all) == all);
  CHECK(smtp::intersect(all, {}) == Extensions{});
  CHECK(smtp::intersect({}, all) == Extensions{});
  CHECK(smtp::intersect(all, {.dsn = true}) == Extensions{.dsn = true});
  CHECK(smtp::intersect({.xclient = {"ADDR"}}, {.xclient = {"ADDR"}}) == Extensions{});
}

TEST_CASE("the smaller size limit holds") {
  struct Row {
    std::string why;
    std::optional<std::uint64_t> a, b, both;
  };
  for (const auto& [why, a, b, both] : {
           Row{"neither", {}, {}, {}},
           Row{"one has a limit", 10, {}, 10},
           Row{"one offers it without limit", 0, {}, 0},
           Row{"both have one", 10, 20, 10},
           Row{"no limit is above every limit", 0, 20, 20},
           Row{"no limits", 0, 0, 0},
       }) {
    CAPTURE(why);
    CHECK(smtp::intersect({.size = a}, {.size = b}).size == both);
    CHECK(smtp::intersect({.size = b}, {.size = a}).size == both);
  }
}
