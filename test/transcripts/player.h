#pragma once
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "test/transcripts/script.h"
#include "test/transcripts/stage.h"

namespace transcripts {

// Where a conversation went another way than its transcript says.
struct Departure {
  unsigned line;
  std::string what;
};

// Plays one transcript: the clients, the backends and the clock, against the proxy.
class Player {
 public:
  Player(const Script& script, Stage& stage) : script_(script), stage_(stage) {}

  std::expected<void, Departure> play();

 private:
  using Played = std::expected<void, std::string>;
  using Peers = std::vector<std::unique_ptr<Peer>>;

  Played step(const Step& step);
  Played client_step(char verb, const std::string& text);
  Played backend_step(char verb, const std::string& text);
  Played expect_of_backend(char verb, const std::string& text);
  Played expect_of_client(char verb, const std::string& text);
  Played expect(Peer& peer, char verb, const std::string& text);

  Played connect(const std::string& from);
  Played greet(const std::string& from);
  Played accept(const std::string& at);
  Played accept_and_greet(const std::string& keywords);
  Played line(Peer& peer, std::string& line);
  Played exactly(Peer& peer, const std::string& text);
  Played matching(Peer& peer, const std::string& pattern);
  Played raw(Peer& peer, const std::string& text);
  Played closed(Peer& peer);
  Played send(Peer& peer, const std::string& text);
  Played turn(const std::string& text);
  Played nothing_at_backends();
  Played nothing_left();
  std::string overheard() const;

  const Script& script_;
  Stage& stage_;
  Peers clients_, backends_;  // the last of each is the one that verbs are about
};

}  // namespace transcripts
