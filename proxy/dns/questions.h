#pragma once
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/dns/cares_channel.h"
#include "proxy/dns/client_name.h"
#include "proxy/dns/dns_answer.h"
#include "proxy/dns/dns_cache.h"
#include "proxy/dns/dns_deadline.h"
#include "proxy/spf/check_host.h"
#include "proxy/verdict_memory.h"

namespace proxy {

// An answer on its way. The coroutine that waits for it and the callback that brings it both own it: whichever comes
// late finds it harmlessly there. The timer is the event; it never expires before answer_by() says when.
struct PendingAnswer {
  explicit PendingAnswer(const asio::any_io_executor& executor) : arrival(executor, DnsDeadline::max()) {}
  void arrive(DnsAnswer that) {
    answer = std::move(that);
    arrival.cancel();
  }
  std::optional<DnsAnswer> answer;
  asio::steady_timer arrival;
};

// By the deadline, an answer that failed for want of time.
asio::awaitable<DnsAnswer> answer_by(DnsDeadline deadline, std::shared_ptr<PendingAnswer> pending);

// Questions to the DNS with a memory of the answers; what several want to know at once is asked once. On one loop's
// thread alone, like the channel.
class DnsQuestions : public std::enable_shared_from_this<DnsQuestions> {
 public:
  static std::shared_ptr<DnsQuestions> open(asio::io_context& loop, const ResolverOptions& options);

  std::shared_ptr<PendingAnswer> ask(const std::string& name, DnsType type);  // answered at once if it is remembered
  CaresChannel& channel() { return *channel_; }
  VerdictMemory<ClientName> names;     // by address
  VerdictMemory<SpfVerdict> spf;       // by address, HELO and domain
  void close() { channel_->close(); }  // what is under way fails, and all later questions

 private:
  DnsQuestions(asio::io_context& loop, const ResolverOptions& options);
  void answered(const DnsQuestion& question, const DnsAnswer& answer);

  asio::any_io_executor executor_;
  std::shared_ptr<CaresChannel> channel_;
  DnsCache cache_;
  std::map<DnsQuestion, std::vector<std::shared_ptr<PendingAnswer>>> awaited_;
};

}  // namespace proxy
