#include "test/transcripts/player.h"

#include <regex>

#include "proxy/config/duration.h"

namespace transcripts {

namespace {

using Played = std::expected<void, std::string>;

Played wrong(std::string what) { return std::unexpected(std::move(what)); }

std::string in_quotes(std::string_view octets) { return "\"" + shown(octets) + "\""; }

constexpr std::string_view crlf = "\r\n";

}  // namespace

std::expected<void, Departure> Player::play() {
  for (const auto& step : script_.steps)
    if (auto played = this->step(step); !played)
      return std::unexpected(Departure{step.line, step.verb + " " + step.text + ": " + played.error() + overheard()});
  if (auto rest = nothing_left(); !rest)
    return std::unexpected(Departure{script_.lines + 1, "at the end: " + rest.error()});
  return {};
}

Played Player::step(const Step& step) {
  const char verb = step.verb.back();
  switch (step.verb.front()) {
    case 'C': return client_step(verb, step.text);
    case 'B': return backend_step(verb, step.text);
    case 'S': return expect_of_client(verb, step.text);
    case 'P': return expect_of_backend(verb, step.text);
    default: return turn(step.text);
  }
}

Played Player::client_step(char verb, const std::string& text) {
  if (verb == '+') return connect(text);
  if (verb == '*') return greet(text);
  if (clients_.empty()) return wrong("no client has connected");
  auto& client = *clients_.back();
  if (verb == ':') return send(client, text + std::string(crlf));
  if (verb == '.') return client.close(), Played();
  const auto raw = octets(text);
  return raw ? send(client, *raw) : wrong(raw.error());
}

Played Player::backend_step(char verb, const std::string& text) {
  if (backends_.empty()) return wrong("no backend has a connection");
  auto& backend = *backends_.back();
  if (verb == ':') return send(backend, text + std::string(crlf));
  if (verb == '.') return backend.close(), Played();
  if (verb == '!') return backend.reset(), Played();
  const auto raw = octets(text);
  return raw ? send(backend, *raw) : wrong(raw.error());
}

Played Player::expect_of_client(char verb, const std::string& text) {
  return clients_.empty() ? wrong("no client has connected") : expect(*clients_.back(), verb, text);
}

Played Player::expect_of_backend(char verb, const std::string& text) {
  if (verb == '+') return accept(text);
  if (verb == '*') return accept_and_greet(text);
  if (verb == '-') return nothing_at_backends();
  return backends_.empty() ? wrong("no backend has a connection") : expect(*backends_.back(), verb, text);
}

Played Player::expect(Peer& peer, char verb, const std::string& text) {
  switch (verb) {
    case '~': return matching(peer, text);
    case '>': return raw(peer, text);
    case '.': return closed(peer);
    default: return exactly(peer, text);
  }
}

Played Player::connect(const std::string& from) {
  const auto name = "client " + std::to_string(clients_.size() + 1);
  stage_.settle();  // whoever has left has left
  clients_.push_back(stage_.connect(from.empty() ? "127.0.0.1" : from, name));
  return {};
}

// What opens most conversations; transcripts about the greeting or EHLO spell it out.
Played Player::greet(const std::string& from) {
  if (auto connected = connect(from); !connected) return connected;
  auto& client = *clients_.back();
  if (auto greeted = exactly(client, "220 mx.example.org ESMTP"); !greeted) return greeted;
  if (auto sent = send(client, "EHLO client.example\r\n"); !sent) return sent;
  for (std::string reply; !reply.starts_with("250 ");)
    if (auto got = line(client, reply); !got || !reply.starts_with("250"))
      return got ? wrong("got " + in_quotes(reply)) : got;
  return {};
}

Played Player::accept(const std::string& at) {
  std::unique_ptr<Peer> backend;
  const auto name = "backend connection " + std::to_string(backends_.size() + 1);
  stage_.until([&] { return (backend = stage_.accepted(at, name)) || (stage_.waiting() > 0); });
  if (!backend) return wrong(stage_.waiting() > 0 ? "the connection came to another address" : "no connection came");
  backends_.push_back(std::move(backend));
  return {};
}

// A backend's part up to its EHLO reply, with the keywords it offers.
Played Player::accept_and_greet(const std::string& keywords) {
  if (auto accepted = accept({}); !accepted) return accepted;
  auto& backend = *backends_.back();
  if (auto sent = send(backend, "220 backend.example ESMTP\r\n"); !sent) return sent;
  if (auto heard = matching(backend, "EHLO .*"); !heard) return heard;
  return send(backend, ehlo_reply(keywords));
}

Played Player::line(Peer& peer, std::string& line) {
  std::optional<std::string> got;
  stage_.until([&] { return (got = peer.take_line()) || peer.ended(); });
  if (got) return line = std::move(*got), Played();
  const auto rest = peer.unread().empty() ? std::string() : " after " + in_quotes(peer.unread());
  return wrong((peer.ended() ? "the connection was closed" : "nothing came") + rest);
}

Played Player::exactly(Peer& peer, const std::string& text) {
  std::string got;
  if (auto heard = line(peer, got); !heard) return heard;
  return got == text + std::string(crlf) ? Played() : wrong("got " + in_quotes(got));
}

Played Player::matching(Peer& peer, const std::string& pattern) {
  std::string got;
  if (auto heard = line(peer, got); !heard) return heard;
  const bool matches =
      got.ends_with(crlf) && std::regex_match(got.substr(0, got.size() - crlf.size()), std::regex(pattern));
  return matches ? Played() : wrong("got " + in_quotes(got));
}

Played Player::raw(Peer& peer, const std::string& text) {
  const auto wanted = octets(text);
  if (!wanted) return wrong(wanted.error());
  stage_.until([&] { return peer.unread().size() >= wanted->size() || peer.ended(); });
  const auto got = peer.take(wanted->size());
  return got == *wanted ? Played() : wrong("got " + in_quotes(got));
}

Played Player::closed(Peer& peer) {
  stage_.until([&] { return peer.ended() || !peer.unread().empty(); });
  if (!peer.unread().empty()) return wrong("got " + in_quotes(peer.unread()));
  if (!peer.ended()) return wrong("it is still open");
  peer.close_seen();
  return {};
}

Played Player::send(Peer& peer, const std::string& text) {
  return peer.send(text) ? Played() : wrong("the connection was closed");
}

// "+301s", "-1h": the clock; "drain"; "offers DSN CHUNKING": what is known of the backends.
Played Player::turn(const std::string& text) {
  stage_.settle();
  if (text == "drain") return stage_.drain(), Played();
  if (constexpr std::string_view offers = "offers"; text.starts_with(offers))
    return stage_.backends_offer(std::string_view(text).substr(std::min(text.size(), offers.size() + 1))), Played();
  const auto by = text.empty() ? std::nullopt : proxy::parse_duration(std::string_view(text).substr(1));
  if (!by || (text.front() != '+' && text.front() != '-')) return wrong("not something to turn");
  stage_.turn_clock(text.front() == '-' ? -*by : *by);
  return {};
}

Played Player::nothing_at_backends() {
  stage_.settle();
  if (stage_.waiting() > 0) return wrong("a connection came");
  for (const auto& backend : backends_) {
    if (!backend->unread().empty()) return wrong(backend->name() + " got " + in_quotes(backend->unread()));
    if (backend->close_unseen()) return wrong(backend->name() + " was closed");
  }
  return {};
}

// A transcript accounts for all that the proxy says and does.
Played Player::nothing_left() {
  if (auto nothing = nothing_at_backends(); !nothing) return nothing;
  for (const auto& client : clients_) {
    if (!client->unread().empty()) return wrong(client->name() + " got " + in_quotes(client->unread()));
    if (client->close_unseen()) return wrong(client->name() + " was closed");
  }
  return {};
}

// What else had come when something went wrong often tells why.
std::string Player::overheard() const {
  std::string text;
  stage_.settle();
  for (const auto* peers : {&clients_, &backends_})
    for (const auto& peer : *peers)
      if (!peer->unread().empty() || peer->close_unseen())
        text +=
            "\n  " + peer->name() + (peer->unread().empty() ? " was closed" : " also got " + in_quotes(peer->unread()));
  if (stage_.waiting() > 0) text += "\n  a backend connection came";
  return text;
}

}  // namespace transcripts
