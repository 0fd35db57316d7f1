#pragma once
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>

namespace greylist::redis {

// Awaits with errors as values.
inline constexpr auto as_tuple = asio::experimental::as_tuple(asio::use_awaitable);

}  // namespace greylist::redis
