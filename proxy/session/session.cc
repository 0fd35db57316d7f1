#include "proxy/session/session.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "proxy/log.h"
#include "proxy/loop.h"
#include "smtp/line.h"
#include "smtp/replies.h"

namespace proxy {

namespace replies = smtp::replies;

namespace {

// How long a client may take to read the last reply and hang up.
constexpr std::chrono::seconds farewell{5}, short_farewell{1};
constexpr unsigned most_turned_away_in_tls = 64;  // at once, on one event loop
// Replies to a batch go out in one write, but a batch without end must not fill memory.
constexpr std::size_t most_unsaid = 32 * 1024;

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

smtp::Verb verb_of(const smtp::Command& command) {
  using enum smtp::Verb;
  return std::visit(Overloaded{[](const smtp::Helo&) { return helo; }, [](const smtp::Ehlo&) { return ehlo; },
                               [](const smtp::Mail&) { return mail; }, [](const smtp::Rcpt&) { return rcpt; },
                               [](const smtp::Data&) { return data; }, [](const smtp::Bdat&) { return bdat; },
                               [](const smtp::UnreadableBdat&) { return bdat; }, [](const smtp::Rset&) { return rset; },
                               [](const smtp::Noop&) { return noop; }, [](const smtp::Help&) { return help; },
                               [](const smtp::Vrfy&) { return vrfy; }, [](const smtp::StartTls&) { return starttls; },
                               [](const smtp::Quit&) { return quit; }},
                    command);
}

// A client that earns too many of these is told to go.
bool is_error(const smtp::Reply& reply) {
  constexpr std::array errors{500, 501, 502, 503, 555};
  return std::ranges::find(errors, reply.code()) != errors.end();
}

std::string session_id(std::uint64_t number) {
  std::array<char, 16> digits;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number, 36).ptr};
}

}  // namespace

Session::Session(Loop& loop, tls::Stream stream, smtp::Endpoint from, smtp::Endpoint to, Begins begins)
    : loop_(loop),
      setup_(loop.setup),
      id_(session_id(loop.site.next_session.fetch_add(1, std::memory_order_relaxed))),
      reply_time_(loop.counters),
      channel_(loop, std::move(stream), reply_time_),
      client_(loop, std::move(from), std::move(to)),
      admission_(loop, client_, reply_time_),
      begins_(begins) {
  loop_.sessions.insert(this);
}

Session::~Session() { loop_.sessions.erase(this); }

const Settings& Session::settings() const { return setup_->settings; }

// What an idle session's frames hold is its cost: a command lives on the heap, and only as long as it is obeyed.
asio::awaitable<void> Session::run() {
  if (begins_ == Begins::in_tls) co_await start_tls(settings().limits.command_timeout);
  if (!over_) co_await listen_before_greeting();
  if (!over_) say(replies::greeting(settings().hostname));  // RFC 5321 §3.1
  while (!over_) {
    if (const auto line = next_line()) {
      if (const auto* reply = std::get_if<smtp::Reply>(line.get()))
        say(*reply);
      else
        co_await obey(std::get<smtp::Command>(*line));
      if (channel_.unsaid() > most_unsaid) co_await flush();
    } else {
      co_await wait_for_more();
    }
  }
  if (recipients_wait()) co_await settle(false);
  closed_ = true;
  if (relay_) std::exchange(relay_, nullptr)->hand_back();
  co_await channel_.close(loop_.draining ? short_farewell : farewell, said_goodbye_);
}

// Who doesn't wait for the greeting doesn't wait for replies (RFC 5321 §4.3.1). Over TLS the client has talked already.
asio::awaitable<void> Session::listen_before_greeting() {
  const auto delay = settings().greylist.greeting_delay;
  if (delay == Duration::zero() || begins_ == Begins::in_tls || co_await admission_.came_back_before(setup_)) co_return;
  std::error_code error;
  if (channel_.unread().empty()) {
    channel_.expire_after(delay);
    idle_ = true;
    error = co_await channel_.fill();
    idle_ = false;
    channel_.never_expire();
  }
  if (!error)
    client_.early_talker = true;
  else if (error == asio::error::timed_out)
    channel_.resume();  // as it should be
  else
    lost(error);
}

asio::awaitable<void> Session::turn_away(smtp::Reply reply) {
  if (begins_ == Begins::in_tls) {
    // A handshake costs more than anything else a stranger may ask for.
    if (loop_.turned_away_in_tls == most_turned_away_in_tls) co_return;
    ++loop_.turned_away_in_tls;
    const bool secure = co_await start_tls(farewell);
    --loop_.turned_away_in_tls;
    if (!secure) co_return;
  }
  channel_.say(reply);
  co_await channel_.close(short_farewell, false);
}

void Session::drain() {
  if (held_back_) channel_.end_pause();
  if (idle_ && !transaction_) channel_.interrupt(asio::error::shut_down);
}

bool Session::cut() {
  if (closed_ || (relay_ && relay_->awaits_final_reply())) return false;
  if (relay_) relay_->cut();
  channel_.interrupt(asio::error::shut_down);
  return transaction_ != nullptr;
}

// The next command, or the reply that a line earned which is none; null while no line is complete.
std::unique_ptr<Session::Line> Session::next_line() {
  const auto unread = channel_.unread();
  if (line_too_long_) {
    const auto skipped = smtp::skip_line(unread);
    channel_.consume(skipped.consumed);
    line_too_long_ = !skipped.ended;
    return skipped.ended ? complete(replies::line_too_long()) : nullptr;
  }
  const auto event = smtp::next_line(unread, smtp::max_command_line);
  if (const auto* line = std::get_if<smtp::Line>(&event)) {
    auto result = smtp::parse_command(line->text, offered_);
    channel_.consume(line->consumed);
    return complete(std::move(result));
  }
  if (const auto* bad = std::get_if<smtp::BadLine>(&event)) {
    channel_.consume(bad->consumed);
    line_too_long_ = !bad->ended;
    if (bad->ended)
      return complete(bad->fault == smtp::Fault::too_long ? replies::line_too_long() : replies::bare_line_end());
  }
  return nullptr;
}

// The time that a line was given stops.
std::unique_ptr<Session::Line> Session::complete(Line line) {
  command_awaited_ = false;
  channel_.never_expire();
  return std::make_unique<Line>(std::move(line));
}

// A batch of pipelined commands is over: its replies go out in one write (RFC 2920 §3.2), then we wait. The time for a
// command line runs from when we begin to wait for it, whatever drips in meanwhile.
asio::awaitable<void> Session::wait_for_more() {
  if (recipients_wait()) co_await settle(false);
  if (!std::exchange(command_awaited_, true)) channel_.expire_after(settings().limits.command_timeout);
  if (loop_.draining && !transaction_) co_return say_and_close(replies::shutting_down(settings().hostname));
  auto written = channel_.try_flush();
  if (!written) written = co_await channel_.flush();
  auto error = *written;
  if (!error) {
    idle_ = true;
    error = co_await channel_.fill();
    idle_ = false;
  }
  if (error) lost(error);
}

asio::awaitable<void> Session::flush() {
  channel_.expire_after(settings().limits.command_timeout);
  if (const auto error = co_await channel_.flush()) lost(error);
  channel_.never_expire();
}

asio::awaitable<void> Session::obey(const smtp::Command& command) {
  const auto verb = verb_of(command);
  if (verb != smtp::Verb::rcpt && recipients_wait()) co_await settle(verb == smtp::Verb::data);
  if (backend_lost()) {
    // The transaction has ended, and says so until another begins.
    if (verb == smtp::Verb::rcpt || verb == smtp::Verb::data) co_return say(replies::backend_unavailable());
    if (verb == smtp::Verb::mail) co_await end_transaction();
  }
  // The octets of a BDAT must be read whatever its reply, so it looks at the order itself.
  if (verb != smtp::Verb::bdat && !smtp::allowed(state_, verb))
    co_return say(replies::bad_sequence(out_of_order(verb)));
  // Most are obeyed at once. No frame is made for those.
  auto obeying = std::visit(
      [this](const auto& heard) -> std::optional<asio::awaitable<void>> {
        if constexpr (!std::is_void_v<decltype(on(heard))>) {
          return on(heard);
        } else {
          on(heard);
          return std::nullopt;
        }
      },
      command);
  if (obeying) co_await *std::move(obeying);
}

std::string_view Session::out_of_order(smtp::Verb verb) const {
  if (state_ == smtp::State::connected) return "say EHLO first";
  if (state_ == smtp::State::chunks) return "a BDAT message is under way";
  return verb == smtp::Verb::mail ? "a transaction is open already" : "say MAIL first";
}

// Says a reply of our own, after those to the recipients that still wait for the backend's.
void Session::say(smtp::Reply reply) { is_error(reply) ? fault(std::move(reply)) : speak(std::move(reply)); }

void Session::speak(smtp::Reply reply) {
  if (recipients_wait())
    transaction_->pending.push_back({{}, {}, std::move(reply)});
  else
    channel_.say(reply);
}

// The reply to a client's error; the last one allowed is a 421 instead.
void Session::fault(smtp::Reply reply) {
  if (++errors_ < settings().limits.errors) return speak(std::move(reply));
  tell_of_refusal("too_many_errors", transaction_ ? transaction_->mail.from.text() : std::string(), reply);
  say_and_close(replies::too_many_errors(settings().hostname));
}

void Session::say_and_close(smtp::Reply reply) {
  speak(std::move(reply));
  over_ = true;
}

void Session::lost(std::error_code error) {
  if (error == asio::error::timed_out)
    say_and_close(replies::timed_out(settings().hostname));
  else if (error == asio::error::shut_down)
    say_and_close(replies::shutting_down(settings().hostname));
  over_ = true;
}

void Session::on(const smtp::Helo& helo) { greeted_as(helo.name, false); }
void Session::on(const smtp::Ehlo& ehlo) { greeted_as(ehlo.name, true); }

// RFC 5321 §4.1.4: as if RSET had been said. The backend's connection knows another identity, so it goes.
void Session::greeted_as(std::string name, bool esmtp) {
  transaction_.reset();
  part_with_backend();
  state_ = smtp::State::greeted;
  setup_ = loop_.setup;
  client_.helo = std::move(name);
  client_.esmtp = esmtp;
  offered_ = esmtp ? extensions_to_offer(*setup_, channel_.secure()) : smtp::Extensions{};
  const auto& hostname = settings().hostname;
  say(esmtp ? replies::ehlo(hostname, offered_) : replies::helo(hostname));
}

asio::awaitable<void> Session::on(const smtp::Rset&) {
  co_await end_transaction();
  say(replies::ok());
}

void Session::on(const smtp::Noop&) { say(replies::ok()); }
void Session::on(const smtp::Help&) { say(replies::help()); }
void Session::on(const smtp::Vrfy&) { say(replies::vrfy()); }

// RFC 3207. What a client, or somebody between us, has sent beforehand must not seem to come from within TLS.
asio::awaitable<void> Session::on(const smtp::StartTls&) {
  if (channel_.secure()) co_return say(replies::bad_sequence("TLS is on already"));
  if (!setup_->tls.context) co_return say(replies::not_implemented());
  channel_.expire_after(settings().limits.command_timeout);
  if (const auto error = co_await channel_.flush()) co_return lost(error);  // what was said before
  const auto surplus = channel_.surplus();
  if (!surplus) co_return lost(surplus.error());
  if (*surplus) co_return say_and_close(replies::bad_sequence("nothing may follow STARTTLS before its reply"));
  channel_.say(replies::ready_for_tls());
  channel_.expire_after(settings().limits.command_timeout);
  if (const auto error = co_await channel_.flush()) co_return lost(error);
  transaction_.reset();
  part_with_backend();
  if (co_await start_tls(settings().limits.command_timeout)) forget();
}

asio::awaitable<bool> Session::start_tls(std::chrono::milliseconds patience) {
  auto context = loop_.setup->tls.context;
  if (!context) {  // none could be made: nothing can be said in the clear either
    over_ = true;
    co_return false;
  }
  channel_.expire_after(patience);
  idle_ = true;  // nothing is lost if a drain cuts it short
  const auto done = co_await channel_.start_tls(std::move(context));
  idle_ = false;
  channel_.never_expire();
  if (done) {
    loop_.counters.connections.tls.add();
    loop_.site.tls_counts.client(channel_.protection());
    client_.tls = channel_.protection().starts_with("TLSv1.3") ? "1.3" : "1.2";
    co_return true;
  }
  loop_.site.tls_counts.failed();
  LogEvent(LogLevel::info, "tls_handshake_failed")
      .with("session", id_)
      .with("client", client_.address_text())
      .with("reason", done.error())
      .write();
  over_ = true;
  co_return false;
}

// RFC 3207 §4.2: all that was learned in the clear.
void Session::forget() {
  state_ = smtp::State::connected;
  client_.helo.clear();
  client_.esmtp = false;
  offered_ = {};
  errors_ = 0;
}

void Session::on(const smtp::Quit&) {
  said_goodbye_ = true;
  say_and_close(replies::bye(settings().hostname));
}

void Session::part_with_backend() {
  if (relay_) relay_->leave();
  relay_.reset();
}

// Whether recipients wait to be asked for: what is said now comes after the backend's replies to those.
bool Session::recipients_wait() const { return transaction_ && !transaction_->pending.empty(); }

// The transaction is over or thrown away; the backend connection is good for the next one.
asio::awaitable<void> Session::end_transaction() {
  transaction_.reset();
  if (state_ != smtp::State::connected) state_ = smtp::State::greeted;
  if (relay_) co_await relay_->reset();
}

smtp::Extensions extensions_to_offer(const Setup& setup, bool in_tls) {
  auto offered = setup.backends->offered();
  offered.pipelining = offered.enhanced_status_codes = true;
  offered.starttls = setup.tls.context && !in_tls;
  offered.xclient.clear();
  const auto own = setup.settings.limits.message_size;
  if (own > 0) offered.size = offered.size.value_or(0) > 0 ? std::min(own, *offered.size) : own;
  return offered;
}

}  // namespace proxy
