#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/session/ending.h"

// Whose is the message? A model of the moments around the end of its content: a sender that tries again after anything
// but a yes or a no, the proxy between, and a backend that keeps books. Each connection may break at any moment, with
// or without what is under way on it; the proxy may be killed and the backend may crash at any moment; the backend may
// answer anything. What the proxy makes of the answer is decided by the product's own function.
namespace handover {

enum class Word : std::uint8_t { none, end_of_data, yes, later, no, goodbye, out_of_place, nonsense };

// A connection: what is under way on it, each way. Once it is down nothing more is sent; what was sent arrives or not.
struct Leg {
  bool up = true;
  Word forth = Word::none, back = Word::none;
  auto operator<=>(const Leg&) const = default;
};

struct Backend {
  enum class Does : std::uint8_t { read, decide, owe, nothing_more } does = Does::read;
  Word owed = Word::none;
  std::uint8_t copies = 0;  // on its disk
  auto operator<=>(const Backend&) const = default;
};

// One session in which the client hands the message to the proxy.
struct Attempt {
  enum class Client : std::uint8_t { sends, waits, over } client = Client::sends;
  enum class Proxy : std::uint8_t { reads, waits, over } proxy = Proxy::reads;
  enum class Log : std::uint8_t { nothing, relayed, refused, unknown } log = Log::nothing;
  Word told = Word::none;  // what the client heard
  Leg front;
  std::array<Leg, 2> back;  // of two backends; a sound proxy uses the first alone
  std::array<Backend, 2> backends;
  std::uint8_t chosen = 0;
  bool said_end = false;          // the client did
  bool sent_end = false;          // the proxy did
  bool cut_in_between = false;    // a connection went down when the client had said the end, and had heard no reply
  bool backend_to_blame = false;  // it was lost, was silent too long, or said what can't be
  bool killed = false;            // the proxy was
  int copies() const { return backends[0].copies + backends[1].copies; }
  auto operator<=>(const Attempt&) const = default;
};

struct State {
  std::array<Attempt, 2> attempts;
  std::uint8_t begun = 1;
  auto operator<=>(const State&) const = default;
};

// How the proxy behaves; each flag is a fault that the exploration must find.
struct Rules {
  proxy::Ending (*judge)(const proxy::BackendConnection::Answer&) = proxy::ending_by;
  bool says_yes_early = false;          // to the client, when the end was sent to the backend
  bool tries_another_backend = false;   // when one was lost after the end was sent to it
  bool completes_what_was_cut = false;  // sends the end of a message whose client left within it
  bool leaves_with_the_client = false;  // doesn't wait for the backend's word if nobody is there to hear it
};

struct Exploration {
  std::size_t states = 0, ends = 0;  // an end: nothing more can happen
  std::size_t doubled = 0;           // ends with two copies
  std::string fault;                 // the first broken promise; empty: none
  std::vector<std::string> way;      // the shortest way to it
};

// All that can happen, breadth first.
Exploration explore(const Rules& rules);

}  // namespace handover
