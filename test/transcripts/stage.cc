#include "test/transcripts/stage.h"

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ranges>

#include "greylist/store/memory_store.h"
#include "proxy/backend/connection.h"
#include "proxy/config/loader.h"
#include "proxy/session/session.h"
#include "smtp/extensions.h"

namespace transcripts {

using asio::ip::tcp;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::chrono::seconds patience{10};

Json usual_settings() {
  return {{"hostname", "mx.example.org"},
          {"backend", {{"addresses", {"127.0.0.1:BACKEND"}}}},
          {"domains", {"example.org"}},
          {"dns", {{"enabled", false}}}};
}

void fill_in_port(Json& addresses, std::uint16_t port) {
  constexpr std::string_view placeholder = "BACKEND";
  for (auto& address : addresses) {
    auto& text = address.get_ref<std::string&>();
    if (text.ends_with(placeholder)) text.replace(text.size() - placeholder.size(), text.npos, std::to_string(port));
  }
}

tcp::acceptor listening(asio::io_context& io, const char* host, std::uint16_t port) {
  return {io, tcp::endpoint(asio::ip::make_address(host), port)};
}

// The same port at both, so that a transcript can tell backends apart by address.
std::vector<tcp::acceptor> backend_acceptors(asio::io_context& io) {
  for (int tries = 0;; ++tries) {
    std::vector<tcp::acceptor> acceptors;
    acceptors.push_back(listening(io, "127.0.0.1", 0));
    try {
      acceptors.push_back(listening(io, "127.0.0.2", acceptors.front().local_endpoint().port()));
      return acceptors;
    } catch (const std::system_error&) {
      if (tries == 20) throw;  // somebody else has the port at the other address
    }
  }
}

}  // namespace

std::string ehlo_reply(std::string_view keywords) {
  std::string reply = "250-backend.example\r\n";
  for (const auto word : std::views::split(keywords, std::string_view(", ")))
    reply.append("250-").append(std::string_view(word)).append("\r\n");
  reply[reply.rfind("250-") + 3] = ' ';
  return reply;
}

Stage::Stage()
    : store_(greylist::make_memory_store()),
      site_(clock_, *store_, 1),
      loop_(site_, std::make_shared<const proxy::Setup>()),
      clients_(listening(loop_.io, "127.0.0.1", 0)),
      backends_(backend_acceptors(loop_.io)) {
  for (auto& acceptor : backends_) accept(acceptor);
}

std::expected<std::unique_ptr<Stage>, std::string> Stage::set(const Json& settings) {
  std::unique_ptr<Stage> stage(new Stage);
  if (auto configured = stage->configure(settings); !configured) return std::unexpected(configured.error());
  return stage;
}

std::expected<void, std::string> Stage::configure(const Json& own) {
  auto json = usual_settings();
  json.merge_patch(own);
  fill_in_port(json["backend"]["addresses"], backends_.front().local_endpoint().port());
  proxy::Settings settings;
  const auto problems = proxy::load_members(json, std::filesystem::current_path(), settings);
  if (!problems.empty()) return std::unexpected(problems.front().line());
  auto setup = proxy::make_setup(std::move(settings), nullptr);
  if (!setup) return std::unexpected(setup.error().front().line());
  loop_.setup = std::move(*setup);
  for (const auto& listen : loop_.setup->settings.listen)
    for (const auto& network : listen.proxy_protocol_from)
      if (const auto parsed = greylist::Network::parse(network)) terms_.proxies.push_back(*parsed);
  return {};
}

void Stage::accept(Acceptor& acceptor) {
  acceptor.async_accept([this, &acceptor](const std::error_code& error, tcp::socket socket) {
    if (error) return;
    arrived_.push_back({acceptor.local_endpoint().address().to_string(), std::move(socket)});
    accept(acceptor);
  });
}

std::unique_ptr<Peer> Stage::connect(const std::string& from, std::string name) {
  tcp::socket client(loop_.io, tcp::endpoint(asio::ip::make_address(from), 0));
  client.connect(clients_.local_endpoint());  // the kernel lets it in before anybody accepts
  tcp::endpoint where;
  auto accepted = clients_.accept(where);
  asio::co_spawn(loop_.io, proxy::serve_connection(loop_, std::move(accepted), where, terms_), asio::detached);
  return std::make_unique<Peer>(std::move(name), std::move(client));
}

std::unique_ptr<Peer> Stage::accepted(const std::string& address, std::string name) {
  if (arrived_.empty() || (!address.empty() && arrived_.front().at != address)) return nullptr;
  auto socket = std::move(arrived_.front().socket);
  arrived_.pop_front();
  return std::make_unique<Peer>(std::move(name), std::move(socket));
}

void Stage::backends_offer(std::string_view keywords) {
  const auto offered = smtp::parse_ehlo(smtp::Reply::verbatim(250, ehlo_reply(keywords)));
  for (const auto& address : loop_.setup->backends->addresses()) address->reached(offered);
}

void Stage::drain() {
  loop_.draining = true;
  const auto sessions = loop_.sessions;  // those that end leave the set
  for (auto* session : sessions) session->drain();
  loop_.backend_pool.close();
}

void Stage::settle() {
  loop_.io.restart();
  while (loop_.io.poll() > 0) loop_.io.restart();
}

bool Stage::until(const std::function<bool()>& done) {
  const auto latest = std::chrono::steady_clock::now() + patience;
  loop_.io.restart();
  while (!done())
    if (loop_.io.run_one_until(latest) == 0) return false;
  return true;
}

bool Stage::clear() {
  for (auto& acceptor : backends_) acceptor.close();
  arrived_.clear();
  for (auto* session : loop_.sessions) session->cut();
  for (auto* connection : loop_.backend_connections) connection->interrupt();
  return until([this] { return loop_.counters.connections.open.value() == 0; });
}

}  // namespace transcripts
