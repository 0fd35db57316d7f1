#include "proxy/backend/open.h"

#include <asio/post.hpp>

#include "proxy/backend/opening.h"
#include "proxy/log.h"
#include "proxy/loop.h"

namespace proxy {

bool Needs::met_by(const smtp::Extensions& offers) const {
  // SIZE isn't among them: it is advice that a server may ignore (RFC 1870 §6.3), and we hold clients to the limit
  // ourselves.
  return (!eight_bit_mime || offers.eight_bit_mime) && (!smtp_utf8 || offers.smtp_utf8) && (!dsn || offers.dsn);
}

asio::awaitable<Opened> open_address(Loop& loop, const Setup& setup, BackendAddress& address, Slots::Slot slot,
                                     const smtp::ClientIdentity& client, Moment until) {
  auto connection = std::make_unique<BackendConnection>(loop, address, std::move(slot));
  Opening opening(loop, setup, client, *connection, until);
  auto step = co_await opening.run();
  if (!step) co_return std::unexpected(OpenFailure{false, opening.refuses_client(), std::move(step.error())});
  address.reached(connection->offers);
  co_return std::move(connection);
}

namespace {

// One address for one transaction: it must offer what the transaction needs.
asio::awaitable<Opened> open_for(Loop& loop, std::shared_ptr<const Setup> setup, BackendAddress& address,
                                 Slots::Slot slot, const smtp::ClientIdentity& client, Needs needs, Moment until) {
  auto opened = co_await open_address(loop, *setup, address, std::move(slot), client, until);
  if (!opened) {
    if (!opened.error().about_client) address.failed(opened.error().why);
    opened.error().why = address.where().text() + ": " + opened.error().why;
  } else if (!needs.met_by((*opened)->offers)) {
    (*opened)->say_goodbye();
    opened = std::unexpected(OpenFailure{.why = address.where().text() + ": lacks an extension that the message uses"});
  }
  if (opened) (*opened)->past.setup = std::move(setup);
  co_return std::move(opened);
}

// A connection that another client had, told of this one. Null: there is none, or it won't do, which is nobody's
// business but ours.
asio::awaitable<std::unique_ptr<BackendConnection>> reuse(Loop& loop, const Setup& setup, BackendAddress& address,
                                                          const smtp::ClientIdentity& client, Needs needs,
                                                          Moment until) {
  auto connection = loop.backend_pool.take(setup, address);
  if (!connection) co_return nullptr;
  Opening opening(loop, setup, client, *connection, until);
  if (const auto step = co_await opening.run_again(); !step) {
    LogEvent(LogLevel::info, "backend_not_reused")
        .with("backend", address.where().text())
        .with("reason", step.error())
        .write();
    co_return nullptr;
  }
  address.reached(connection->offers);
  if (!needs.met_by(connection->offers)) {
    connection->say_goodbye();
    co_return nullptr;
  }
  ++address.reused;
  co_return std::move(connection);
}

// All its slots are taken: connections kept for whoever may come give way to those that are wanted now.
void make_room(Loop& loop, const std::shared_ptr<const Setup>& setup, BackendAddress& address) {
  if (!setup->settings.backend.reuse) return;
  for (auto* other : loop.site.loops)
    asio::post(other->io, [other, setup, &address] { other->backend_pool.give_way(address); });
}

}  // namespace

asio::awaitable<Opened> open_backend(Loop& loop, std::shared_ptr<const Setup> setup, smtp::ClientIdentity client,
                                     Needs needs, Moment until, Source source) {
  Opened opened = std::unexpected(OpenFailure{.why = "no backend address"});
  const auto candidates = setup->backends->candidates();
  BackendAddress* full = nullptr;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    auto& address = *candidates[i];
    // A frozen one must leave time for a fresh one.
    if (source == Source::any)
      if (auto reused = co_await reuse(loop, *setup, address, client, needs, share(until, candidates.size() - i + 1)))
        co_return std::move(reused);
    auto slot = address.slots.try_take();
    if (!slot) {
      if (!full) full = &address;
      make_room(loop, setup, address);
      continue;
    }
    const auto shared = share(until, candidates.size() - i + (full ? 1 : 0));
    opened = co_await open_for(loop, setup, address, std::move(slot), client, needs, shared);
    if (opened) co_return std::move(opened);
  }
  if (!full) co_return std::move(opened);
  std::function<void()> waiting = [&] { make_room(loop, setup, *full); };
  auto slot = co_await full->slots.take(until, std::move(waiting));
  if (!slot)
    co_return std::unexpected(OpenFailure{.busy = true, .why = full->where().text() + ": all connections are in use"});
  co_return co_await open_for(loop, setup, *full, std::move(slot), client, needs, until);
}

}  // namespace proxy
