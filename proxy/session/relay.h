#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/backend/open.h"
#include "proxy/session/client.h"
#include "proxy/session/ending.h"
#include "proxy/session/reply_time.h"
#include "smtp/command.h"
#include "smtp/reply.h"

namespace proxy {

// One client's transactions as a backend sees them. A transaction lives on one backend connection: as long as no
// recipient was accepted a lost connection is replaced unseen; afterwards its loss is the transaction's, and everything
// more gets 451 until reset(). The connection is kept for a moment
// from one transaction to the next.
class Relay {
 public:
  // What became of a recipient.
  struct Answer {
    smtp::Reply reply;
    bool sent_on;  // the backend was asked
  };

  Relay(Loop& loop, Client& client, ReplyTime& time);

  // Opens a connection if there is none, says MAIL if it hasn't been said, and asks for each recipient: the backend's
  // replies, word for word, in order. With `data_follows` DATA goes along, if the backend does pipelining.
  asio::awaitable<std::vector<Answer>> recipients(std::shared_ptr<const Setup> setup, const smtp::Mail& mail,
                                                  const std::vector<smtp::Rcpt>& recipients, bool data_follows);
  bool lost() const { return lost_; }  // the transaction's connection is gone
  bool chunking() const { return connection_ && connection_->offers.chunking; }
  bool awaits_final_reply() const { return awaits_final_reply_; }  // the end of data is sent, and not answered yet
  std::string backend() const;                                     // the address in use, for logs
  std::string backend_tls() const;                                 // how the connection is protected, likewise

  asio::awaitable<smtp::Reply> data();                     // 354, or why not
  asio::awaitable<void> content(std::string_view octets);  // a piece that isn't the last; after a loss it goes nowhere
  asio::awaitable<Ending> end_of_data(std::string_view octets);  // the last piece, its CR LF . CR LF included
  asio::awaitable<void> chunk(std::uint64_t size, bool last);    // announces a BDAT chunk; its octets follow
  asio::awaitable<smtp::Reply> end_of_chunk();                   // after all octets of a chunk that isn't the last
  asio::awaitable<Ending> end_of_last_chunk();

  void abandon();                 // drops the connection in mid-content: what was sent never completes
  asio::awaitable<void> reset();  // the transaction is over, whatever became of it
  void cut();                     // the program ends: who waits for a free connection waits no longer
  void leave();                   // QUIT: the client's identity changes
  void hand_back();               // the client left: its connection may be another's (BackendPool)

 private:
  using Millis = std::chrono::milliseconds;
  struct Batch;

  asio::awaitable<std::optional<smtp::Reply>> open(Needs needs, Source source);
  asio::awaitable<void> exchange(Batch& batch);
  asio::awaitable<bool> say_mail(Batch& batch, bool sent);
  asio::awaitable<bool> say_recipient(Batch& batch, bool sent);
  asio::awaitable<void> swallow(std::size_t replies, bool data);
  asio::awaitable<void> take_data_reply();
  asio::awaitable<void> close_empty_data();
  asio::awaitable<Ending> final_reply();
  smtp::Reply checked_data_reply(const BackendConnection::Answer& answer);
  void lose();
  Millis patience() const;

  Loop& loop_;
  Client& client_;
  ReplyTime& time_;
  std::shared_ptr<const Setup> setup_;  // of the transaction at hand
  std::unique_ptr<BackendConnection> connection_;
  bool fresh_ = false;  // no transaction went over the connection before this one
  bool mail_said_ = false;
  std::size_t accepted_ = 0;
  bool lost_ = false;
  bool awaits_final_reply_ = false;
  std::optional<smtp::Reply> mail_refusal_;  // answers every recipient of the transaction
  std::optional<smtp::Reply> data_reply_;    // of a DATA that went along with the recipients
  Deadline idle_;                            // an idle client holds no connection that another could use
  Moment until_ = Moment::max();  // backend.open_timeout, up to the MAIL reply on a connection that is new to us
};

}  // namespace proxy
