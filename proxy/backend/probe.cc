#include "proxy/backend/probe.h"

#include <algorithm>

#include "proxy/loop.h"

namespace proxy {

namespace {

// A backend that is busy with mail may take its time; one that is down shouldn't hold up the next look.
constexpr std::chrono::seconds patience{20};

// A question and its answer; false if none came.
asio::awaitable<bool> ask(BackendConnection& connection, std::string command, ProbeResult& result) {
  std::string line = command + "\r\n";
  const auto reply = co_await connection.ask(std::move(line), patience);
  if (!reply) result.trouble = command + ": " + reply.error().what;
  auto& answer = result.answers.emplace_back(std::move(command), reply ? reply->one_line() : reply.error().what);
  if (!reply) co_return false;
  answer.accepted = reply->positive();
  answer.refused = reply->permanent();
  co_return true;
}

// True if every outsider was asked about and refused for good.
asio::awaitable<bool> all_refused(const Setup& setup, BackendConnection& connection, ProbeResult& result) {
  auto& answers = result.answers;
  if (!co_await ask(connection, "MAIL FROM:<>", result) || !answers.front().accepted) co_return false;
  answers.front().accepted = false;  // a bounce's sender is everybody's
  bool refused = true;
  for (const auto& recipient : guard_recipients(setup.settings.domains)) {
    if (!co_await ask(connection, "RCPT TO:<" + recipient + ">", result)) co_return false;
    refused = refused && answers.back().refused;
  }
  if (co_await ask(connection, "RSET", result)) answers.back().accepted = false;
  co_return refused;
}

}  // namespace

smtp::ClientIdentity outsider() {
  smtp::ClientIdentity client;
  client.client = {"192.0.2.1", 25};
  client.destination = {"192.0.2.2", 25};
  client.helo = "probe.greygate.invalid";
  return client;
}

std::vector<std::string> guard_recipients(const std::vector<std::string>& domains) {
  std::vector<std::string> recipients{"probe@greygate.invalid"};
  for (std::string domain : domains) {
    if (domain == "*") continue;
    if (domain.starts_with("*.")) domain.replace(0, 1, "probe");
    if (domain.starts_with(".")) domain.insert(0, "probe");
    recipients.push_back("\"probe@greygate.invalid\"@" + domain);
    recipients.push_back("probe%greygate.invalid@" + domain);
    break;
  }
  return recipients;
}

asio::awaitable<ProbeResult> probe(Loop& loop, const Setup& setup, BackendAddress& address, bool guard) {
  ProbeResult result;
  const auto client = outsider();
  const auto until = std::chrono::steady_clock::now() + patience;
  auto opened = co_await open_address(loop, setup, address, Slots::Slot(), client, until);
  if (!opened) {
    result.trouble = opened.error().why;
    address.failed(result.trouble);
    co_return result;
  }
  auto& connection = **opened;
  const bool closed = guard && co_await all_refused(setup, connection, result);
  connection.say_goodbye();
  const auto accepted = std::ranges::find(result.answers, true, &GuardAnswer::accepted);
  const bool relays = accepted != result.answers.end();
  result.guard_concluded = closed || relays;
  if (relays)
    address.found_relaying(accepted->question);
  else if (closed)
    address.found_closed();
  co_return result;
}

}  // namespace proxy
