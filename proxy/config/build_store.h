#pragma once
#include <expected>
#include <memory>
#include <string>

#include "proxy/config/load.h"
#include "tls/client_context.h"

namespace proxy {

// What files say of how the servers of store.nodes are talked with.
struct StoreAccess {
  std::string password;                           // empty: none
  std::shared_ptr<const tls::ClientContext> tls;  // null: none
};
std::expected<StoreAccess, ConfigProblems> build_store_access(const Settings& settings);

}  // namespace proxy
