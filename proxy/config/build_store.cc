#include "proxy/config/build_store.h"

#include "proxy/config/file_text.h"

namespace proxy {
namespace {

// Its first line.
std::expected<std::string, std::string> password_in(const std::string& path) {
  auto text = file_text(path);
  if (!text) return text;
  text->resize(std::min(text->find_first_of("\r\n"), text->size()));
  if (text->empty()) return std::unexpected(path + ": its first line is empty; it must be the password");
  return text;
}

}  // namespace

std::expected<StoreAccess, ConfigProblems> build_store_access(const Settings& settings) {
  const auto& store = settings.store;
  StoreAccess access;
  if (store.engine != "redis") return access;
  ConfigProblems problems;
  if (!store.password_file.empty()) {
    auto password = password_in(store.password_file);
    if (password)
      access.password = *std::move(password);
    else
      problems.push_back({"store.password_file", std::move(password.error())});
  }
  if (store.tls != "none") {
    auto made =
        tls::ClientContext::make(store.tls == "verified" ? tls::Trust::verified : tls::Trust::anybody, store.ca_file);
    if (made)
      access.tls = *std::move(made);
    else
      problems.push_back({"store.ca_file", store.ca_file + ": " + made.error()});
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return access;
}

}  // namespace proxy
