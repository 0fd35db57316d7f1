#include "smtp/replies.h"

#include <doctest/doctest.h>

#include <string>

namespace replies = smtp::replies;
using smtp::Extensions;
using smtp::Reply;

TEST_CASE("every sentence has its codes") {
  struct Row {
    Reply reply;
    std::string_view begins;
  };
  for (const auto& [reply, begins] : {
           Row{replies::greeting("mx.example.org"), "220 mx.example.org ESMTP\r\n"},
           Row{replies::helo("mx.example.org"), "250 mx.example.org\r\n"},
           Row{replies::bye("mx.example.org"), "221 2.0.0 mx.example.org "},
           Row{replies::ok(), "250 2.0.0 "},
           Row{replies::sender_ok(), "250 2.1.0 "},
           Row{replies::help(), "214 2.0.0 "},
           Row{replies::vrfy(), "252 2.5.0 "},
           Row{replies::ready_for_tls(), "220 2.0.0 "},
           Row{replies::must_start_tls(), "530 5.7.0 "},
           Row{replies::chunk_ok(1234), "250 2.0.0 1234 octets"},
           Row{replies::unknown_command(), "500 5.5.2 "},
           Row{replies::line_too_long(), "500 5.5.2 "},
           Row{replies::bare_line_end(), "500 5.5.2 "},
           Row{replies::not_implemented(), "502 5.5.1 "},
           Row{replies::bad_sequence("Send MAIL first"), "503 5.5.1 Send MAIL first\r\n"},
           Row{replies::bad_arguments("Address missing"), "501 5.5.4 Address missing\r\n"},
           Row{replies::unknown_parameter("X\xe9"), "555 5.5.4 Unsupported parameter X?\r\n"},
           Row{replies::needs_smtputf8(), "553 5.6.7 "},
           Row{replies::too_many_recipients(), "452 4.5.3 "},
           Row{replies::too_large(), "552 5.3.4 "},
           Row{replies::bare_line_end_in_content(), "550 5.6.0 "},
           Row{replies::no_valid_recipients(), "554 5.5.1 "},
           Row{replies::relay_denied(), "550 5.7.1 "},
           Row{replies::unsafe_recipient(), "550 5.7.1 "},
           Row{replies::blocked(), "554 5.7.1 "},
           Row{replies::backend_unavailable(), "451 4.3.0 "},
           Row{replies::backend_busy(), "451 4.3.2 "},
           Row{replies::store_unavailable(), "451 4.3.0 "},
           Row{replies::too_many_errors("mx.example.org"), "421 4.7.0 mx.example.org "},
           Row{replies::too_many_connections("mx.example.org"), "421 4.7.0 mx.example.org "},
           Row{replies::timed_out("mx.example.org"), "421 4.4.2 mx.example.org "},
           Row{replies::shutting_down("mx.example.org"), "421 4.3.2 mx.example.org "},
       }) {
    CAPTURE(reply.wire());
    CHECK(reply.wire().starts_with(begins));
    CHECK(reply.wire().starts_with(std::to_string(reply.code()) + " "));
  }
}

TEST_CASE("EHLO lists what is offered") {
  struct Row {
    std::string why;
    Extensions offered;
    std::string_view wire;
  };
  for (const auto& [why, offered, wire] : {
           Row{"nothing but our own", {}, "250-mx\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n"},
           Row{"a size without limit",
               {.size = 0},
               "250-mx\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE\r\n"},
           Row{"a size limit",
               {.dsn = true, .size = 1000},
               "250-mx\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250 SIZE 1000\r\n"},
           Row{"never XCLIENT", {.xclient = {"ADDR"}}, "250-mx\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n"},
       }) {
    CAPTURE(why);
    CHECK(replies::ehlo("mx", offered).wire() == wire);
  }
}

TEST_CASE("what EHLO lists is read back as it was meant") {
  const Extensions all{.pipelining = true,
                       .enhanced_status_codes = true,
                       .starttls = true,
                       .eight_bit_mime = true,
                       .smtp_utf8 = true,
                       .dsn = true,
                       .chunking = true,
                       .size = 1000};
  CHECK(smtp::parse_ehlo(replies::ehlo("mx", all)) == all);
}

TEST_CASE("a backend's 421 becomes a 451 with its text") {
  struct Row {
    std::string why;
    std::string backend;
    std::string_view told;
  };
  for (const auto& [why, backend, told] : {
           Row{"its enhanced code kept", "421 4.7.0 mx too busy\r\n", "451 4.7.0 mx too busy\r\n"},
           Row{"no enhanced code", "421 mx too busy\r\n", "451 4.3.0 mx too busy\r\n"},
           Row{"an enhanced code of another class", "421 5.7.0 go away\r\n", "451 4.3.0 go away\r\n"},
           Row{"several lines", "421-4.3.2 one\r\n421-4.3.1 two\r\n421 three\r\n",
               "451-4.3.2 one\r\n451-4.3.2 two\r\n451 4.3.2 three\r\n"},
           Row{"no text", "421\r\n", "451 4.3.0 \r\n"},
       }) {
    CAPTURE(why);
    const auto reply = replies::from_backend_421(Reply::verbatim(421, backend));
    CHECK(reply.code() == 451);
    CHECK(reply.wire() == told);
  }
}
