#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "certificate.h"
#include "openssl.h"

namespace tls {
namespace {

using OwnedBio = Owned<BIO, BIO_free>;
using OwnedX509 = Owned<X509, X509_free>;

constexpr long ten_years = 3652L * 24 * 60 * 60;
constexpr long a_day = 24L * 60 * 60;            // clocks differ
constexpr std::size_t longest_common_name = 64;  // RFC 5280, ub-common-name

bool add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  std::uint64_t serial = 0;
  return RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1;
}

bool set_name(X509* certificate, const std::string& name) {
  auto* subject = X509_get_subject_name(certificate);
  const auto common = name.substr(0, longest_common_name);
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

std::string text_of(BIO* bio) {
  char* text = nullptr;
  const auto length = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace

std::expected<PemPair, std::string> make_self_signed(const std::string& name) {
  const Owned<EVP_PKEY, EVP_PKEY_free> key(EVP_EC_gen("P-256"));
  const OwnedX509 certificate(X509_new());
  if (!key || !certificate) return std::unexpected(last_failure());
  X509* const it = certificate.get();
  const bool made = X509_set_version(it, X509_VERSION_3) == 1 && set_serial(it) && set_name(it, name) &&
                    X509_gmtime_adj(X509_getm_notBefore(it), -a_day) &&
                    X509_gmtime_adj(X509_getm_notAfter(it), ten_years) && X509_set_pubkey(it, key.get()) == 1 &&
                    add_extension(it, NID_subject_alt_name, "DNS:" + name) &&
                    add_extension(it, NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(it, NID_ext_key_usage, "serverAuth") && X509_sign(it, key.get(), EVP_sha256()) > 0;
  if (!made) return std::unexpected(last_failure());
  const OwnedBio certificate_text(BIO_new(BIO_s_mem())), key_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_text.get(), it) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return std::unexpected(last_failure());
  return PemPair{text_of(certificate_text.get()), text_of(key_text.get())};
}

}  // namespace tls
