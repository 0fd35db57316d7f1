// Invariants: a prefix of a reply waits for more or is judged as the whole; what is passed on is read back as itself,
// and holds one reply; whatever a backend says, its EHLO and its 421 can be made use of.
#include "smtp/reply.h"

#include <string>

#include "smtp/extensions.h"
#include "smtp/replies.h"
#include "smtp/reply_reader.h"
#include "test/fuzz/input.h"
#include "test/fuzz/require.h"

namespace {

// Empty: more is needed.
std::string outcome(std::string_view buffer) {
  const auto read = smtp::next_reply(buffer);
  if (std::holds_alternative<smtp::NeedMore>(read)) return {};
  if (std::holds_alternative<smtp::Garbage>(read)) return "garbage";
  const auto& [reply, consumed] = std::get<smtp::Answer>(read);
  REQUIRE(consumed > 0 && consumed <= buffer.size());
  return reply.wire() + std::to_string(consumed);
}

void check_passed_on(const smtp::Reply& reply) {
  const auto again = smtp::next_reply(reply.wire());
  REQUIRE(std::holds_alternative<smtp::Answer>(again));
  const auto& [same, consumed] = std::get<smtp::Answer>(again);
  REQUIRE(same.wire() == reply.wire() && same.code() == reply.code() && consumed == reply.wire().size());
  REQUIRE(reply.code() >= 200 && reply.code() <= 599);
  REQUIRE(reply.one_line().find_first_of("\r\n") == std::string::npos);
}

}  // namespace

// The first octet: how the rest, a backend's octets, is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const unsigned seed = input.octet();
  const auto wire = input.rest();
  const auto whole = outcome(wire);

  std::size_t fed = 0;
  bool judged = false;
  for (const auto piece : cut(wire, seed)) {
    const auto early = outcome(wire.substr(0, fed += piece.size()));
    judged = judged || !early.empty();
    REQUIRE(!judged || early == whole);
  }

  const auto read = smtp::next_reply(wire);
  if (const auto* answer = std::get_if<smtp::Answer>(&read)) {
    // Only LF turned into CRLF can lengthen a reply beyond what is taken; that needs a long one.
    if (answer->reply.wire().size() <= 4096) check_passed_on(answer->reply);
    const auto offered = smtp::parse_ehlo(answer->reply);
    REQUIRE(smtp::intersect(offered, offered).size == offered.size);
    const auto told = smtp::replies::from_backend_421(answer->reply);
    REQUIRE(told.code() == 451 && told.enhanced().starts_with("4."));
    if (told.wire().size() <= 4096) check_passed_on(told);
  }
  return 0;
}
