// Invariant: what a client says in TLS, its records cut anywhere, is answered word for word like the same said in the
// clear in one go; and records that are spoiled on the way end the session without harm.
// Input: flags, seed of the cuts, place of the spoiled octet (two octets), then what the client says.
#include <openssl/ssl.h>
#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <string>

#include "proxy/config/build_tls.h"
#include "test/fuzz/input.h"
#include "test/fuzz/require.h"
#include "test/fuzz/served.h"

namespace {

// Nobody passes, so that no backend is ever needed.
std::shared_ptr<const proxy::Setup> make_setup() {
  std::signal(SIGPIPE, SIG_IGN);
  proxy::Settings settings;
  settings.hostname = "mx.example.org";
  settings.domains = {"example.org"};
  settings.backend.addresses = {"127.0.0.1:1"};
  settings.allow.recipients = {};
  settings.dns.enabled = false;
  auto setup = *proxy::make_setup(settings, nullptr);
  const auto pem = tls::make_self_signed(settings.hostname);
  std::vector<tls::Certificate> certificates;
  certificates.push_back(*tls::Certificate::parse(pem->certificate, pem->key));
  setup->tls.context = *tls::ServerContext::make(certificates, tls::Version::tls12, setup->ticket_keys);
  return setup;
}

// A TLS client that works in memory: what it would send is cut and, if wanted, spoiled on its way.
class TlsClient {
 public:
  TlsClient(Served& served, unsigned seed, std::optional<std::size_t> spoiled)
      : served_(served), seed_(seed), spoiled_(spoiled) {
    static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    session_ = SSL_new(context);
    SSL_set_bio(session_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(session_);
  }
  ~TlsClient() { SSL_free(session_); }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool shake_hands() {
    for (int rounds = 0; rounds < 10; ++rounds) {
      const int done = SSL_do_handshake(session_);
      exchange();
      if (done == 1) return true;
    }
    return false;
  }
  // False once TLS has failed.
  bool say(std::string_view octets) {
    while (!octets.empty()) {
      const auto piece = octets.substr(0, 5000);
      if (SSL_write(session_, piece.data(), static_cast<int>(piece.size())) <= 0) return false;
      octets.remove_prefix(piece.size());
      exchange();
      hear();
    }
    return true;
  }
  std::string finish() {
    SSL_shutdown(session_);
    exchange();
    served_.finish_sending();
    take_in();
    hear();
    return heard_;
  }

 private:
  void exchange() {
    char* start = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(SSL_get_wbio(session_), &start));
    std::string octets(start, size);
    (void)BIO_reset(SSL_get_wbio(session_));
    if (spoiled_ && *spoiled_ < sent_ + size && *spoiled_ >= sent_) octets[*spoiled_ - sent_] ^= 0x20;
    sent_ += size;
    for (const auto piece : cut(octets, seed_)) served_.send(piece);
    take_in();
  }
  void take_in() {
    BIO_write(SSL_get_rbio(session_), served_.received.data(), static_cast<int>(served_.received.size()));
    served_.received.clear();
  }
  void hear() {
    std::array<char, 4096> piece;
    for (int got; (got = SSL_read(session_, piece.data(), piece.size())) > 0;)
      heard_.append(piece.data(), static_cast<std::size_t>(got));
  }

  Served& served_;
  const unsigned seed_;
  const std::optional<std::size_t> spoiled_;
  std::size_t sent_ = 0;
  SSL* session_ = nullptr;
  std::string heard_;
};

std::string without_starttls(std::string replies) {
  for (const std::string_view line : {"250-STARTTLS\r\n", "250 STARTTLS\r\n"})
    for (std::size_t at; (at = replies.find(line)) != replies.npos;) replies.erase(at, line.size());
  return replies;
}

bool speaks_of_starttls(std::string_view text) {
  const auto same = [](char a, char b) { return (a | 0x20) == b; };
  return !std::ranges::search(text, std::string_view("starttls"), same).empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto setup = make_setup();
  Input input(data, size);
  const unsigned flags = input.octet(), seed = input.octet();
  const std::size_t place = input.octet() * 256 + input.octet();
  const auto text = input.rest().substr(0, 20'000);
  if (speaks_of_starttls(text)) return 0;
  const bool implicit = flags & 1;
  const auto spoiled = flags & 2 ? std::optional(place) : std::nullopt;

  std::string in_clear;
  {
    Served served(setup, proxy::Session::Begins::plain);
    served.work();
    served.send(text);
    served.finish_sending();
    in_clear = served.received;
  }

  Served served(setup, implicit ? proxy::Session::Begins::in_tls : proxy::Session::Begins::plain);
  std::string greeting;
  if (!implicit) {
    served.send("EHLO client.example.com\r\nSTARTTLS\r\n");
    greeting = served.received.substr(0, served.received.find('\n') + 1);
    REQUIRE(served.received.ends_with("220 2.0.0 Ready to start TLS\r\n"));
    served.received.clear();
  }
  TlsClient client(served, seed, spoiled);
  const bool shaken = client.shake_hands();
  const bool said = shaken && client.say(text);
  const auto in_tls = greeting + client.finish();
  if (!spoiled) {
    REQUIRE(shaken && said);
    REQUIRE(without_starttls(in_tls) == without_starttls(in_clear));
  }
  return 0;
}
