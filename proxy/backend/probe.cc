#include "proxy/backend/probe.h"

#include <algorithm>

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

// A question and its answer; false if none came.
asio::awaitable<bool> ask(BackendConnection& connection, std::string command, std::vector<GuardAnswer>& answers) {
  std::string line = command + "\r\n";
  const auto reply = co_await connection.ask(std::move(line), patience);
  answers.push_back({std::move(command), reply ? reply->one_line() : reply.error().what});
  if (!reply) co_return false;
  answers.back().accepted = reply->positive();
  answers.back().refused = reply->permanent();
  co_return true;
}

asio::awaitable<void> ask_guard_questions(const Setup& setup, BackendConnection& connection, ProbeResult& result) {
  auto& answers = result.answers;
  if (!co_await ask(connection, "MAIL FROM:<>", answers) || !answers.front().accepted) co_return;
  answers.front().accepted = false;  // a bounce's sender is everybody's
  bool all_refused = true;
  for (const auto& recipient : guard_recipients(setup.settings.domains)) {
    if (!co_await ask(connection, "RCPT TO:<" + recipient + ">", answers)) co_return;
    all_refused = all_refused && answers.back().refused;
  }
  if (co_await ask(connection, "RSET", answers)) answers.back().accepted = false;
  result.guard_concluded = all_refused || std::ranges::any_of(answers, &GuardAnswer::accepted);
}

}  // namespace

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
  if (guard) co_await ask_guard_questions(setup, connection, result);
  connection.say_goodbye();
  if (!result.guard_concluded) co_return result;
  const auto accepted = std::ranges::find(result.answers, true, &GuardAnswer::accepted);
  if (accepted != result.answers.end())
    address.found_relaying(accepted->question);
  else
    address.found_closed();
  co_return result;
}

}  // namespace proxy
