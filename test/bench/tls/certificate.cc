#include "test/bench/tls/certificate.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace bench {

namespace {

constexpr long day = 24 * 60 * 60;

template <auto free>
struct With {
  template <typename T>
  void operator()(T* pointer) const {
    free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, With<EVP_PKEY_free>>;
using X509Certificate = std::unique_ptr<X509, With<X509_free>>;
using File = std::unique_ptr<std::FILE, With<std::fclose>>;

void must(bool well, const char* what) {
  if (!well) throw std::runtime_error(what);
}

X509Certificate self_signed(EVP_PKEY* key) {
  X509Certificate made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -day);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 30 * day);
  auto* const name = X509_get_subject_name(made.get());
  const auto* const host = reinterpret_cast<const unsigned char*>("mx.example.org");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  X509_set_pubkey(made.get(), key);
  must(X509_sign(made.get(), key, EVP_sha256()) != 0, "no certificate could be made");
  return made;
}

}  // namespace

Certificate make_certificate(const std::string& directory) {
  const Certificate files{directory + "/certificate.pem", directory + "/key.pem"};
  const Key key(EVP_EC_gen("P-256"));
  must(key != nullptr, "no key could be made");
  const auto certificate = self_signed(key.get());
  const File certificate_file(std::fopen(files.certificate.c_str(), "w")), key_file(std::fopen(files.key.c_str(), "w"));
  must(certificate_file && PEM_write_X509(certificate_file.get(), certificate.get()), "no certificate file");
  must(key_file && PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr),
       "no key file");
  return files;
}

}  // namespace bench
