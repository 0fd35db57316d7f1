#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace bench {

// What is said next, and what then happens to the connection.
struct Answer {
  std::string text;
  enum class Then { go_on, start_tls, close } then = Then::go_on;
};

// One connection's side of a protocol, without its socket.
class Conversation {
 public:
  virtual ~Conversation() = default;
  virtual std::string_view greeting() const { return {}; }         // said first, if not empty
  virtual void hear(std::string_view octets, Answer& answer) = 0;  // however they were cut; adds to the answer
  virtual void secured() {}                                        // the handshake that an answer asked for is over
};

}  // namespace bench
