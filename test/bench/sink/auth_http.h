#pragma once
#include "test/bench/sink/conversation.h"

namespace bench {

// What nginx's mail proxy asks at each recipient (its auth_http): a recipient whose local part begins with "later" is
// to be told 450, all others go to the backend's port of 127.0.0.1. One request a connection. GET /ledger: how many
// were put off, as JSON.
class AuthHttp final : public Conversation {
 public:
  AuthHttp(std::uint16_t backend, std::uint64_t& put_off) : backend_(backend), put_off_(put_off) {}

  void hear(std::string_view octets, Answer& answer) override;

 private:
  const std::uint16_t backend_;
  std::uint64_t& put_off_;
  std::string request_;
};

}  // namespace bench
