#include "proxy/backend/open.h"

#include "proxy/backend/opening.h"
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
  co_return std::move(opened);
}

}  // namespace

asio::awaitable<Opened> open_backend(Loop& loop, std::shared_ptr<const Setup> setup, smtp::ClientIdentity client,
                                     Needs needs, Moment until) {
  Opened opened = std::unexpected(OpenFailure{.why = "no backend address"});
  const auto candidates = setup->backends->candidates();
  BackendAddress* full = nullptr;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    auto slot = candidates[i]->slots.try_take();
    if (!slot) {
      if (!full) full = candidates[i];
      continue;
    }
    const auto shared = share(until, candidates.size() - i + (full ? 1 : 0));
    opened = co_await open_for(loop, setup, *candidates[i], std::move(slot), client, needs, shared);
    if (opened) co_return std::move(opened);
  }
  if (!full) co_return std::move(opened);
  auto slot = co_await full->slots.take(until);
  if (!slot)
    co_return std::unexpected(OpenFailure{.busy = true, .why = full->where().text() + ": all connections are in use"});
  co_return co_await open_for(loop, setup, *full, std::move(slot), client, needs, until);
}

}  // namespace proxy
