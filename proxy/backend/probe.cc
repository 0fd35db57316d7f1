#include "proxy/backend/probe.h"

#include "proxy/loop.h"

namespace proxy {

namespace {

// A backend that is busy with mail may take its time; one that is down shouldn't hold up the next look.
constexpr std::chrono::seconds patience{20};

smtp::ClientIdentity outsider() {
  smtp::ClientIdentity client;
  client.client = {"192.0.2.1", 25};
  client.destination = {"192.0.2.2", 25};
  client.helo = "probe.greygate.invalid";
  return client;
}

asio::awaitable<std::vector<GuardAnswer>> ask_guard_questions(const Setup& setup, BackendConnection& connection) {
  const auto limit = std::min<std::chrono::milliseconds>(setup.settings.backend.reply_timeout, patience);
  std::vector<GuardAnswer> answers;
  const auto ask = [&](std::string command) -> asio::awaitable<bool> {
    std::string line = command + "\r\n";
    const auto reply = co_await connection.ask(std::move(line), limit);
    answers.push_back({command, reply ? reply->one_line() : reply.error().what, reply && reply->positive()});
    co_return reply.has_value();
  };
  if (!co_await ask("MAIL FROM:<>") || !answers.front().accepted) co_return answers;
  answers.front().accepted = false;  // a bounce's sender is everybody's
  for (const auto& recipient : guard_recipients(setup.settings.domains))
    if (!co_await ask("RCPT TO:<" + recipient + ">")) co_return answers;
  if (co_await ask("RSET")) answers.back().accepted = false;
  co_return answers;
}

}  // namespace

std::vector<std::string> guard_recipients(const std::vector<std::string>& domains) {
  std::vector<std::string> recipients{"probe@greygate.invalid"};
  for (std::string domain : domains) {
    if (domain == "*") continue;
    if (domain.starts_with("*.")) domain = "probe." + domain.substr(2);
    if (domain.starts_with(".")) domain = "probe" + domain;
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
  if (guard) result.answers = co_await ask_guard_questions(setup, connection);
  connection.say_goodbye();
  if (!guard) co_return result;
  bool relays = false;
  for (const auto& answer : result.answers)
    if (answer.accepted) {
      relays = true;
      address.found_relaying(answer.question);
      break;
    }
  if (!relays) address.found_closed();
  co_return result;
}

}  // namespace proxy
