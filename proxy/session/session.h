#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proxy/config/settings.h"
#include "proxy/session/admission.h"
#include "proxy/session/channel.h"
#include "proxy/session/client.h"
#include "proxy/session/content.h"
#include "proxy/session/relay.h"
#include "proxy/session/reply_time.h"
#include "smtp/command.h"
#include "smtp/command_order.h"

namespace proxy {

// One client's SMTP session, from the greeting to the close (RFC 5321 §3). It orders the conversation; who may pass is
// Admission's to say, what the backend says is Relay's, how content travels is Content's.
class Session {
 public:
  enum class Begins { plain, in_tls };  // in_tls: with a handshake, before the greeting (RFC 8314 §3)

  Session(Loop& loop, tls::Stream stream, smtp::Endpoint from, smtp::Endpoint to, Begins begins);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  asio::awaitable<void> run();
  asio::awaitable<void> turn_away(smtp::Reply reply);  // instead: says why there is no session, and closes

  const greylist::IpAddress& address() const { return client_.address(); }
  void drain();  // ends it as soon as no transaction is open
  bool cut();    // ends it now; true if that cut a transaction off. One that waits for
                 // the backend's word on its message goes on

 private:
  // A recipient in the order of the client's commands: answered already, or waiting to be asked of the backend.
  struct Pending {
    smtp::Rcpt rcpt;
    Decision decision;
    std::optional<smtp::Reply> reply;
  };
  struct Accepted {
    smtp::Rcpt rcpt;
    Decision decision;
  };
  // What MAIL began.
  struct Transaction {
    explicit Transaction(smtp::Mail said) : mail(std::move(said)) {}

    smtp::Mail mail;
    std::size_t recipients_asked = 0, recipients_judged = 0;
    bool any_deferred = false, any_put_off = false, any_unknown = false;
    std::vector<Pending> pending;
    std::vector<Accepted> accepted;
    std::string backend;             // that accepted them
    std::string backend_tls;         // how that connection is protected
    std::optional<Content> content;  // once a chunk has begun
    bool chunk_refused = false;

    bool judged_at_data(const std::vector<Pending>& also) const;
  };

  using Line = std::variant<smtp::Command, smtp::Reply>;

  std::unique_ptr<Line> next_line();
  std::unique_ptr<Line> complete(Line line);
  asio::awaitable<void> listen_before_greeting();
  asio::awaitable<void> wait_for_more();
  asio::awaitable<void> flush();
  asio::awaitable<void> obey(const smtp::Command& command);
  void say(smtp::Reply reply);
  void speak(smtp::Reply reply);  // say() without counting errors: what a backend said, or no error
  void fault(smtp::Reply reply);
  void say_and_close(smtp::Reply reply);

  // Each command's part of the conversation: MAIL and RCPT in mail_rcpt.cc, DATA in data.cc, BDAT in bdat.cc, all
  // others in session.cc. Those that are obeyed at once are plain functions.
  void on(const smtp::Helo& helo);
  void on(const smtp::Ehlo& ehlo);
  void on(const smtp::Mail& mail);
  asio::awaitable<void> on(const smtp::Rcpt& rcpt);
  asio::awaitable<void> on(const smtp::Data& data);
  asio::awaitable<void> on(const smtp::Bdat& bdat);
  void on(const smtp::UnreadableBdat& bdat);
  asio::awaitable<void> on(const smtp::Rset& rset);
  void on(const smtp::Noop& noop);
  void on(const smtp::Help& help);
  void on(const smtp::Vrfy& vrfy);
  asio::awaitable<void> on(const smtp::StartTls& starttls);
  void on(const smtp::Quit& quit);

  std::string_view out_of_order(smtp::Verb verb) const;
  void greeted_as(std::string name, bool esmtp);
  asio::awaitable<bool> start_tls(std::chrono::milliseconds patience);
  void forget();
  bool recipients_wait() const;
  asio::awaitable<void> settle(bool data_follows);
  smtp::Reply refusal_of(const smtp::Rcpt& rcpt, const Decision& decision) const;
  asio::awaitable<void> hold_back();
  void refuse_sender(const smtp::Mail& mail, smtp::Reply reply);
  void refuse_recipient(const smtp::Rcpt& rcpt, smtp::Reply reply, std::string_view word);
  asio::awaitable<std::optional<smtp::Reply>> judge_at_data();
  smtp::Reply no_recipient() const;
  ContentRules content_rules() const;
  void note_deeds(const Ending& ending);
  asio::awaitable<void> conclude(const Ending& ending, std::uint64_t octets);
  asio::awaitable<void> refuse_chunk(const smtp::Bdat& bdat, smtp::Reply reply);
  asio::awaitable<void> relay_chunk(const smtp::Bdat& bdat);
  asio::awaitable<void> end_transaction();
  bool backend_lost() const { return relay_ && relay_->lost(); }
  void part_with_backend();
  void lost(std::error_code error);
  void note_answer(const Pending& asked, bool sent_on);

  // What is told of all this, in counters, log and history: account.cc.
  // `became`: nothing, if it isn't decided yet or couldn't be sent on.
  void tell_of_recipient(const smtp::Rcpt& rcpt, const Decision& decision, std::optional<Event> became,
                         const smtp::Reply& reply) const;
  void tell_of_unjudged(const smtp::Rcpt& rcpt, std::string_view word, std::optional<Event> became,
                        const smtp::Reply& reply) const;
  void log_recipient(const smtp::Rcpt& rcpt, const Decision* decision, std::string_view word,
                     const smtp::Reply& reply) const;
  void show_recipient(const smtp::Rcpt& rcpt, std::string_view word, std::optional<Event> became,
                      const smtp::Reply& reply) const;
  void tell_of_refusal(std::string_view event, const std::string& sender, const smtp::Reply& reply) const;
  void tell_of_message(const Ending& ending, std::uint64_t octets);
  void note(const smtp::Address& recipient, const Decision& decision, std::string_view what,
            const smtp::Reply& reply) const;
  const Settings& settings() const;

  Loop& loop_;
  std::shared_ptr<const Setup> setup_;  // as in force when the connection or the transaction began
  const std::string id_;                // for logs
  ReplyTime reply_time_;
  Channel channel_;
  Client client_;
  Admission admission_;
  std::unique_ptr<Relay> relay_;  // once a recipient has passed
  smtp::State state_ = smtp::State::connected;
  smtp::Extensions offered_;  // by the last EHLO reply
  std::unique_ptr<Transaction> transaction_;
  const Begins begins_;
  unsigned errors_ = 0;
  bool line_too_long_ = false;    // its end hasn't come yet
  bool command_awaited_ = false;  // the time for a command line runs
  bool idle_ = false;             // waiting for a command
  bool held_back_ = false;        // its answer is, in the tarpit
  bool said_goodbye_ = false;     // by QUIT
  bool over_ = false;             // nothing more is heard of the client
  bool closed_ = false;           // nor is anything done for it
};

// What an EHLO reply lists: what every backend known can do, and what is ours.
smtp::Extensions extensions_to_offer(const Setup& setup, bool in_tls);

}  // namespace proxy
