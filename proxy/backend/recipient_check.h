#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "proxy/backend/connection.h"
#include "proxy/backend/recipient_memory.h"
#include "proxy/backend/slots.h"
#include "proxy/deadlines.h"
#include "smtp/reply.h"

namespace proxy {

struct Setup;

// Asks the backend whether it has a mailbox for recipients that are about to be put off (greylist.verify_recipients).
// It does so as an outsider() on a connection of its own, one for each event loop, question by question, and never with
// content: nothing of the client reaches the backend but the recipient. Whatever goes wrong means that nobody knows; a
// backend that is away or frozen costs a few clients some seconds, and then nobody anything for a while.
class RecipientCheck {
 public:
  static constexpr std::chrono::seconds patience{5};          // for one question: its turn, the opening and the answer
  static constexpr std::chrono::seconds rest{10};             // after one that got no answer, no other is asked
  static constexpr std::chrono::seconds longest_idleness{5};  // of the connection, then QUIT
  static constexpr unsigned most_waiting = 100;
  // On one connection. A server loses its patience with who is refused, or says RSET, again and again: Postfix is slow
  // from the tenth error on (smtpd_soft_error_limit), Exim hangs up after ten commands of no use
  // (smtp_accept_max_nonmail).
  static constexpr unsigned most_questions = 8;

  explicit RecipientCheck(Loop& loop) : loop_(loop) {}
  ~RecipientCheck() { close(); }
  RecipientCheck(const RecipientCheck&) = delete;
  RecipientCheck& operator=(const RecipientCheck&) = delete;

  // The backend's words, if it has no such mailbox. Nothing: it has, or nobody knows.
  asio::awaitable<std::optional<smtp::Reply>> refusal_of(std::shared_ptr<const Setup> setup, std::string recipient);
  // Says QUIT, and forgets what it was told: the configuration is another now, or the program ends.
  void close();

 private:
  using Answer = std::expected<smtp::Reply, std::string>;  // the error: why there is none to be relied on
  using Connection = std::unique_ptr<BackendConnection>;

  bool may_ask(const std::shared_ptr<const Setup>& setup) const;
  asio::awaitable<Answer> ask(std::shared_ptr<const Setup> setup, std::string recipient, Moment until);
  asio::awaitable<Answer> ask_afresh(std::shared_ptr<const Setup> setup, std::string recipient, Moment until);
  asio::awaitable<Answer> ask_on(Connection connection, std::string recipient, Moment until);
  void keep(Connection connection);
  void let_go();

  Loop& loop_;
  RecipientMemory memory_;
  Slots turn_{1};
  unsigned waiting_ = 0;
  Moment resting_until_{};
  Connection kept_;               // while nobody asks
  unsigned questions_ = 0;        // asked on it
  std::optional<Deadline> idle_;  // gone with close(): a program that ends must not wait for it
};

}  // namespace proxy
