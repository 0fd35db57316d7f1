#include "proxy/dns/questions.h"

#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace proxy {

asio::awaitable<DnsAnswer> answer_by(DnsDeadline deadline, std::shared_ptr<PendingAnswer> pending) {
  if (!pending->answer) {
    asio::error_code ended;
    pending->arrival.expires_at(deadline);
    co_await pending->arrival.async_wait(asio::redirect_error(asio::use_awaitable, ended));
  }
  co_return pending->answer.value_or(DnsAnswer{});
}

std::shared_ptr<DnsQuestions> DnsQuestions::open(asio::io_context& loop, const ResolverOptions& options) {
  return std::shared_ptr<DnsQuestions>(new DnsQuestions(loop, options));
}

DnsQuestions::DnsQuestions(asio::io_context& loop, const ResolverOptions& options)
    : executor_(loop.get_executor()), channel_(CaresChannel::open(loop, options)) {}

std::shared_ptr<PendingAnswer> DnsQuestions::ask(const std::string& name, DnsType type) {
  auto pending = std::make_shared<PendingAnswer>(executor_);
  const DnsQuestion question(name, type);
  if (auto known = cache_.find(question, std::chrono::steady_clock::now())) {
    pending->arrive(std::move(*known));
    return pending;
  }
  auto& awaiting = awaited_[question];
  awaiting.push_back(pending);
  if (awaiting.size() > 1) return pending;
  channel_->ask(name, type, [weak = weak_from_this(), question](const DnsAnswer& answer) {
    if (const auto self = weak.lock()) self->answered(question, answer);
  });
  return pending;
}

void DnsQuestions::answered(const DnsQuestion& question, const DnsAnswer& answer) {
  cache_.keep(question, answer, std::chrono::steady_clock::now());
  const auto asked = awaited_.extract(question);  // first: who is told may ask again
  if (!asked) return;
  for (const auto& pending : asked.mapped()) pending->arrive(answer);
}

}  // namespace proxy
