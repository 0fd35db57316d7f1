#pragma once
#include <memory>

#include "greylist/store/redis/wire.h"
#include "tls/client_context.h"

namespace proxy {

// Connections to Redis over our own streams; names are resolved by the system. Null context: without TLS.
greylist::redis::Dial redis_dial(std::shared_ptr<const tls::ClientContext> context);

}  // namespace proxy
