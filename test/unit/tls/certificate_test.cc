#include "tls/certificate.h"

#include <doctest/doctest.h>

namespace {

using namespace std::chrono_literals;

tls::PemPair self_signed(const std::string& name) {
  auto made = tls::make_self_signed(name);
  REQUIRE(made);
  return *made;
}

}  // namespace

TEST_CASE("a self-signed certificate carries its name and is good for ten years") {
  for (const std::string name :
       {"mx.example.org", "MX.Example.ORG", std::string(70, 'a').append(".example.org").c_str()}) {
    const auto pem = self_signed(name);
    const auto certificate = tls::Certificate::parse(pem.certificate, pem.key);
    REQUIRE(certificate);
    std::string lower = name;
    for (auto& c : lower) c = static_cast<char>(std::tolower(c));
    CHECK(certificate->names() == std::vector<std::string>{lower});
    const auto left = certificate->expires() - std::chrono::system_clock::now();
    CHECK(left > 3650 * 24h);
    CHECK(left < 3654 * 24h);
  }
}

TEST_CASE("which names a certificate is for") {
  const auto pem = self_signed("*.example.org");
  const auto certificate = tls::Certificate::parse(pem.certificate, pem.key);
  REQUIRE(certificate);
  CHECK(certificate->is_for("mx.example.org"));
  CHECK_FALSE(certificate->is_for("example.org"));
  CHECK_FALSE(certificate->is_for("a.mx.example.org"));
  CHECK_FALSE(certificate->is_for("mx.example.com"));
  CHECK_FALSE(certificate->is_for(".example.org"));
  CHECK_FALSE(certificate->is_for(""));
}

TEST_CASE("what can't be used says which file is to blame") {
  const auto pem = self_signed("mx.example.org"), other = self_signed("mx.example.org");
  struct Row {
    const char* what;
    std::string certificate, key;
    bool about_key;
  };
  for (const auto& [what, certificate, key, about_key] :
       {Row{"nothing", "", "", false}, Row{"no certificate", pem.key, pem.key, false},
        Row{"cut off", pem.certificate.substr(0, 100), pem.key, false}, Row{"no key", pem.certificate, "", true},
        Row{"a certificate for a key", pem.certificate, pem.certificate, true},
        Row{"another's key", pem.certificate, other.key, true}, Row{"garbage", "\0\1\2", "\3", false}}) {
    CAPTURE(what);
    const auto parsed = tls::Certificate::parse(certificate, key);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().about_key == about_key);
    CHECK_FALSE(parsed.error().what.empty());
  }
}
