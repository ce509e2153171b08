#!/bin/sh
# Makes the client certificate of these tests, its key in every form that people have, and certificates of the old X.509 v1.
# Nothing but the tests trusts any of them. The passphrase is `opensesame`.
set -eu
cd "$(dirname "$0")"
forever=36500

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days $forever \
    -subj "/CN=CA of the key forms" -keyout ca-key.pem -out ca.pem

# A certificate for a key, signed by that CA.
certify() {
    openssl req -new -key "$1-key.pem" -subj "/CN=$1" -out request.pem
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days $forever \
        -extfile extensions -out "$1.pem"
}
printf 'extendedKeyUsage=clientAuth\nkeyUsage=digitalSignature\n' > extensions

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa-key.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec-key.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out p521-key.pem
openssl genpkey -algorithm ED25519 -out ed25519-key.pem
for name in rsa ec p521 ed25519; do certify $name; done

openssl rsa -in rsa-key.pem -traditional -out rsa-pkcs1-key.pem
openssl ec -in ec-key.pem -out ec-sec1-key.pem
openssl pkcs8 -topk8 -in rsa-key.pem -v2 aes256 -passout pass:opensesame -out rsa-aes256-key.pem
openssl pkcs8 -topk8 -in ec-key.pem -v2 aes256 -passout pass:opensesame -out ec-aes256-key.pem
openssl pkcs8 -topk8 -in ec-key.pem -v2 des3 -passout pass:opensesame -out ec-des3-key.pem
openssl pkcs8 -topk8 -in ec-key.pem -scrypt -passout pass:opensesame -out ec-scrypt-key.pem
openssl pkcs8 -topk8 -in ec-key.pem -v1 PBE-SHA1-3DES -passout pass:opensesame -out ec-pbes1-key.pem
openssl rsa -in rsa-key.pem -traditional -aes256 -passout pass:opensesame -out rsa-dek-info-key.pem

# A server's certificate that is an authority's too, as `openssl req -x509` makes them.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days $forever -subj "/CN=localhost" \
    -addext "subjectAltName=IP:127.0.0.1,DNS:localhost" -keyout authority-key.pem -out authority.pem

# A server's certificate of X.509 v1, signed by itself, and a server's of v3 that a CA of v1 has signed.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out v1-key.pem
openssl req -new -key v1-key.pem -subj "/CN=localhost" -out request.pem
openssl x509 -req -in request.pem -signkey v1-key.pem -days $forever -out v1.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out of-v1-key.pem
openssl req -new -key of-v1-key.pem -subj "/CN=localhost" -out request.pem
printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n' > extensions
openssl x509 -req -in request.pem -CA v1.pem -CAkey v1-key.pem -CAcreateserial -days $forever \
    -extfile extensions -out of-v1.pem
rm request.pem extensions ca-key.pem ca.srl v1.srl
