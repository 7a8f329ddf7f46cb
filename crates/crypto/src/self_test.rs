//! The start-up self-test: fixed vectors for every primitive (`docs/protocol.md` §15, security row V-15).
//!
//! A prover or verifier built on a wrong constant would make commitments that nobody else can open. Programs call
//! [`self_test`] before any work and refuse to start on an error.

use alloc::vec::Vec;

use ark_ff::{AdditiveGroup, Field, MontFp};
use thiserror::Error;

use crate::{
    Fr,
    babyjubjub::{RawPoint, scalar_to_field},
    cipher, ecdh, eddsa,
    keypair::{PrivateKey, PublicKey},
    poseidon::{hash_one, hash2, hash3, hash4, hash5, hash12},
    tree::{binary::LazyTree, lean_imt::LeanImt, quinary::QuinTree},
};

/// The vector that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("self-test failed: {0} does not give its fixed vector; this build must not be used")]
pub struct SelfTestError(pub &'static str);

/// keccak256("Maci") mod p, the start of the chain hash.
pub const NUMS: Fr =
    MontFp!("8370432830353022751713833565135785980866757267633941821328460903436894336785");

/// H3(PAD.x, PAD.y, 0), the blank state leaf.
const BLANK_STATE_LEAF_HASH: Fr =
    MontFp!("11672248758340751985123309654953904206381780234474872690580702076708041504880");

/// Computes every vector of `docs/protocol.md` §15 and compares.
pub fn self_test() -> Result<(), SelfTestError> {
    hashes()?;
    keys()?;
    message()?;
    lean_imt()?;
    empty_trees()
}

fn expect<T: PartialEq>(name: &'static str, found: &T, expected: &T) -> Result<(), SelfTestError> {
    if found == expected {
        Ok(())
    } else {
        Err(SelfTestError(name))
    }
}

fn hashes() -> Result<(), SelfTestError> {
    let n = |value: u64| Fr::from(value);
    expect(
        "poseidon of 2",
        &hash2(n(1), n(2)),
        &MontFp!("7853200120776062878684798364095072458815029376092732009249414926327459813530"),
    )?;
    expect(
        "poseidon of 3",
        &hash3(n(1), n(2), n(3)),
        &MontFp!("6542985608222806190361240322586112750744169038454362455181422643027100751666"),
    )?;
    expect(
        "poseidon of 4",
        &hash4(&[n(1), n(2), n(3), n(4)]),
        &MontFp!("18821383157269793795438455681495246036402687001665670618754263018637548127333"),
    )?;
    expect(
        "poseidon of 5",
        &hash5(&[n(1), n(2), n(3), n(4), n(5)]),
        &MontFp!("6183221330272524995739186171720101788151706631170188140075976616310159254464"),
    )?;
    let pad = PublicKey::pad().coordinates();
    expect(
        "blank state leaf",
        &hash3(pad.x, pad.y, Fr::ZERO),
        &BLANK_STATE_LEAF_HASH,
    )?;
    expect(
        "padding key hash",
        &PublicKey::pad().hash(),
        &MontFp!("1309255631273308531193241901289907343161346846555918942743921933037802809814"),
    )
}

struct KeyVector {
    name: &'static str,
    raw: u8,
    formatted: Fr,
    public: RawPoint,
}

const KEYS: [KeyVector; 4] = [
    KeyVector {
        name: "key 1",
        raw: 1,
        formatted: MontFp!(
            "1978755119068081247093963160279604962264019399313700915496711871956252953559"
        ),
        public: RawPoint::new(
            MontFp!("2454454600214856078988831413347908902755926762343652835672300056220098796444"),
            MontFp!(
                "11602523348905956282108270948730557171172670800432155212780098470449477040649"
            ),
        ),
    },
    KeyVector {
        name: "key 2",
        raw: 2,
        formatted: MontFp!(
            "180011252386902481731817865914295220342827624875569997039374307850655534216"
        ),
        public: RawPoint::new(
            MontFp!("3620382800411485436164686979857588507564406034076655867743110797383733487338"),
            MontFp!(
                "10645792713663945182273861002741840379653670778641283171122042137804873145550"
            ),
        ),
    },
    KeyVector {
        name: "key 3",
        raw: 3,
        formatted: MontFp!(
            "217586940897777061036130405789277058930504326370702211429295818245106887332"
        ),
        public: RawPoint::new(
            MontFp!("4885472904300052265212483680458692009781176225052241183446373535831606953266"),
            MontFp!(
                "14226936848090988348595632203672434187685705193917601959687186005757430220738"
            ),
        ),
    },
    KeyVector {
        name: "key 4",
        raw: 4,
        formatted: MontFp!(
            "1003028678571002551069736624060990197619797072577215072658772000853009779136"
        ),
        public: RawPoint::new(
            MontFp!(
                "12160775101894100788443036750946197752233578302014851952425335810055802719605"
            ),
            MontFp!(
                "14311290883563383758433248136690488564804278346479229914981382161403711433916"
            ),
        ),
    },
];

fn keys() -> Result<(), SelfTestError> {
    for KeyVector {
        name,
        raw,
        formatted,
        public,
    } in KEYS
    {
        let key = PrivateKey::from_be_bytes(&[raw]);
        expect(name, &scalar_to_field(&key.formatted()), &formatted)?;
        expect(name, &key.public_key().coordinates(), &public)?;
    }
    let packed = [
        (
            1,
            "macipk.19a6cba5b14bde64f57ed4aa415c05a9a9a88c0f26f53bda52459eb47e23ba09",
        ),
        (
            2,
            "macipk.17894e1e1fe97b5ccb031bcb68c25bc93b783e50ab2040325a9bd57a189c1cce",
        ),
        (
            4,
            "macipk.9fa3e751b226957a9c251db818bcc691ceb1674fb7f506925d8feee88189acbc",
        ),
    ];
    for (raw, text) in packed {
        let public = PrivateKey::from_be_bytes(&[raw]).public_key();
        expect("packed public key", &public.serialise().as_str(), &text)?;
        expect(
            "unpacked public key",
            &PublicKey::deserialise(text),
            &Ok(public),
        )?;
    }
    let one = PrivateKey::from_be_bytes(&[1]);
    expect(
        "serialised private key",
        &one.serialise().as_str(),
        &"macisk.0000000000000000000000000000000000000000000000000000000000000001",
    )?;
    let hashes: [(u8, Fr); 2] = [
        (
            1,
            MontFp!(
                "18699903263915756199535533399390350858126023699350081471896734858638858200219"
            ),
        ),
        (
            2,
            MontFp!("4446973358529698253939037684201229393105675634248270727935122282482202195132"),
        ),
    ];
    for (raw, hash) in hashes {
        let public = PrivateKey::from_be_bytes(&[raw]).public_key();
        expect("public key hash", &public.hash(), &hash)?;
    }
    expect(
        "nullifier",
        &one.nullifier(Fr::ZERO),
        &MontFp!("283279804961443839786074153642111719005974663329660562248658648406850266915"),
    )?;
    let RawPoint { x, y } = one.public_key().coordinates();
    expect(
        "state leaf",
        &hash3(x, y, Fr::from(100u64)),
        &MontFp!("3813546002942730087921158679833842232922102966553703708334549640700093654167"),
    )
}

fn message() -> Result<(), SelfTestError> {
    let [voter, coordinator, ephemeral, new_key] =
        [1u8, 2, 3, 4].map(|raw| PrivateKey::from_be_bytes(&[raw]));
    let shared = RawPoint::new(
        MontFp!("6839453708362829115489766971162306981207942838439277216728991279069113084686"),
        MontFp!("7363171758012328429199076140243191152994062562777058104302704107316344564788"),
    );
    let e = ephemeral.public_key().coordinates();
    let coordinator_side = ecdh::shared_key(&coordinator.formatted(), &e);
    let voter_side = ecdh::shared_key(
        &ephemeral.formatted(),
        &coordinator.public_key().coordinates(),
    );
    expect("ecdh", &voter_side, &Some(shared))?;
    expect("ecdh of the other side", &coordinator_side, &Some(shared))?;

    let new_public = new_key.public_key().coordinates();
    let packed: [Fr; 4] = [
        MontFp!("1427247692705971289913688023516360406525280257"),
        new_public.x,
        new_public.y,
        Fr::from(5u64),
    ];
    let command_hash = hash4(&packed);
    expect(
        "command hash",
        &command_hash,
        &MontFp!("5398706334448633397359900622428283357222350662417612583031018783204423136214"),
    )?;
    let signature = eddsa::sign(&voter, command_hash);
    let expected = eddsa::Signature {
        r8: RawPoint::new(
            MontFp!("3454092847196685350217919642944192721930871141599527420623035697360091920238"),
            MontFp!("4322448829526361342311618740532301113073957472814083949905050784257084923232"),
        ),
        s: MontFp!("591737060814958064903268673925602252915937742006012862946376210665400417944"),
    };
    expect("signature", &signature, &expected)?;
    let voter_public = voter.public_key().coordinates();
    expect(
        "verifying",
        &eddsa::verify(voter_public, &signature, command_hash),
        &true,
    )?;
    let other = eddsa::verify(voter_public, &signature, command_hash + Fr::ONE);
    expect("refusing another message", &other, &false)?;

    let [p0, p1, p2, p3] = packed;
    let plaintext = [p0, p1, p2, p3, signature.r8.x, signature.r8.y, signature.s];
    let data = cipher::encrypt(&plaintext, &shared);
    expect("encrypting", &data, &CIPHERTEXT)?;
    expect("decrypting", &cipher::decrypt(&data, &shared), &plaintext)?;

    let hash = message_hash(&data, &e);
    expect(
        "message hash",
        &hash,
        &MontFp!("3291952986765249062814057821641521505111116855784597982016438510070500725329"),
    )?;
    let mut padding = [Fr::ZERO; 10];
    padding[0] = NUMS;
    let padding_hash = message_hash(&padding, &PublicKey::pad().coordinates());
    expect(
        "padding message hash",
        &padding_hash,
        &MontFp!("20523552186133564418162474583923228766749033188106955517398089872921852450744"),
    )?;
    let after_padding = hash2(NUMS, padding_hash);
    expect(
        "chain hash after message 0",
        &after_padding,
        &MontFp!("12649350970565573789066258659224999455371603918509045170753206255024702190895"),
    )?;
    expect(
        "chain hash after message 1",
        &hash2(after_padding, hash),
        &MontFp!("7821869316056079963323519314300351843577986834025194382806993584109892864801"),
    )
}

const CIPHERTEXT: [Fr; 10] = [
    MontFp!("160497020826666747855693976662292329107941541343680752618165711868735073893"),
    MontFp!("1184236040199273541736492803297020736719592421421305568016905490403014200307"),
    MontFp!("13109156747476345700960279714651411838872304586074638122945652905400539313088"),
    MontFp!("12194503122364961192253069817037526995934986816162429014402828832419557613548"),
    MontFp!("13899377651547306734308794901258525570858129261987236337603652368102816123411"),
    MontFp!("3259531340622429170192985276511927039423800277337593477391824949260808404080"),
    MontFp!("1885906092505292547815286789231673235918526322979098087194584041282234959220"),
    MontFp!("14992454621173929925399873751581714981179296084347479735230204748096527123866"),
    MontFp!("21172856094550627852581539197385104057590733798174998346641293477321856188571"),
    MontFp!("14532107964947411832729774108605717700672311691775866689218937642701217331127"),
];

fn message_hash(data: &[Fr; 10], e: &RawPoint) -> Fr {
    let mut inputs = [Fr::ZERO; 12];
    inputs[..10].copy_from_slice(data);
    inputs[10] = e.x;
    inputs[11] = e.y;
    hash12(&inputs)
}

fn lean_imt() -> Result<(), SelfTestError> {
    let roots: [Fr; 5] = [
        MontFp!("1309255631273308531193241901289907343161346846555918942743921933037802809814"),
        MontFp!("15090839671692778108241431004504267132194185388658318468350003376142801451119"),
        MontFp!("12904353742505117673127234973456217088462265338938270866669883745733635892309"),
        MontFp!("18333930332476087447807659017224203241293694165191691373191484493395514891356"),
        MontFp!("19261558651940676973028978379963439445126372367885710731004879127862062768920"),
    ];
    let mut tree = LeanImt::new();
    let mut leaves: Vec<Fr> = [PublicKey::pad().hash()].into();
    leaves.extend(KEYS.iter().map(|key| hash2(key.public.x, key.public.y)));
    for (leaf, root) in leaves.into_iter().zip(roots) {
        let inserted = tree.insert(leaf);
        expect("lean imt insertion", &inserted.is_ok(), &true)?;
        expect("lean imt root", &tree.root(), &Some(root))?;
    }
    let proof = tree.proof(4);
    let expected = proof.as_ref().is_some_and(|proof| {
        proof.index == 1
            && proof.siblings == roots[3..4]
            && proof.root(tree.leaves()[4]) == roots[4]
    });
    expect("lean imt proof", &expected, &true)
}

/// Every vote option depth and both ballot tree depths of the table in `docs/protocol.md` §8.
fn empty_trees() -> Result<(), SelfTestError> {
    let mut poll_state = LazyTree::new(1, BLANK_STATE_LEAF_HASH);
    let z1 =
        MontFp!("19331652342509548919759736046837708337654745411782648764289887782687120014303");
    expect("empty state tree", &poll_state.root(), &z1)?;
    let written = poll_state.update_many([(0, BLANK_STATE_LEAF_HASH), (1, BLANK_STATE_LEAF_HASH)]);
    expect(
        "state tree update",
        &(written, poll_state.root()),
        &(Ok(()), z1),
    )?;
    expect(
        "hash of one",
        &hash_one(Fr::ZERO),
        &hash2(Fr::ZERO, Fr::ZERO),
    )?;
    for (depth, [vote_options, ballot, root_10, root_14]) in (1..).zip(EMPTY) {
        let zero_root = QuinTree::new(depth).root();
        expect("empty vote option tree", &zero_root, &vote_options)?;
        expect("blank ballot", &hash2(Fr::ZERO, zero_root), &ballot)?;
        expect(
            "empty ballot tree of depth 10",
            &LazyTree::new(10, ballot).root(),
            &root_10,
        )?;
        expect(
            "empty ballot tree of depth 14",
            &LazyTree::new(14, ballot).root(),
            &root_14,
        )?;
    }
    Ok(())
}

/// By vote option depth: zero vote option root, blank ballot, empty ballot root at depth 10 and at 14.
const EMPTY: [[Fr; 4]; 5] = [
    [
        MontFp!("14655542659562014735865511769057053982292279840403315552050801315682099828156"),
        MontFp!("19043237221090272122739844447430900179112218785669482881521775960536560996717"),
        MontFp!("16015576667038038422103932363190100635991292382181099511410843174865570503661"),
        MontFp!("10308863629788455260704114511206948419734522911868369522065170317043305183826"),
    ],
    [
        MontFp!("19261153649140605024552417994922546473530072875902678653210025980873274131905"),
        MontFp!("15270550985802884363044603976830646624092011360671265768952276492059475481074"),
        MontFp!("166510078825589460025300915201657086611944528317298994959376081297530246971"),
        MontFp!("15638739021185187188102975938431888963456846511635661527443326021687795891950"),
    ],
    [
        MontFp!("21526503558325068664033192388586640128492121680588893182274749683522508994597"),
        MontFp!("11002085070532745790866641011808251748658264477878624386768519129496684341331"),
        MontFp!("10057734083972610459557695472359628128485394923403014377687504571662791937025"),
        MontFp!("2881453089660950474651054122995901965405144719081991993059633221387893015995"),
    ],
    [
        MontFp!("20017764101928005973906869479218555869286328459998999367935018992260318153770"),
        MontFp!("20547879704964745397461374580331002165005826887622938611082041856868740841503"),
        MontFp!("4904828619307091008204672239231377290495002626534171783829482835985709082773"),
        MontFp!("12493973375564475576522276362572267105610392684775593820450263906986447069771"),
    ],
    [
        MontFp!("16998355316577652097112514691750893516081130026395813155204269482715045879598"),
        MontFp!("11738102126902147322313778532249142705284420138375823388420058449227253253897"),
        MontFp!("18694062287284245784028624966421731916526814537891066525886866373016385890569"),
        MontFp!("681764572878032401682084991233323592871239508639381808618717128728252960349"),
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v_15_self_test_passes() {
        assert_eq!(self_test(), Ok(()));
    }

    #[test]
    fn v_15_a_wrong_vector_is_named() {
        let error = expect(
            "poseidon of 2",
            &hash2(Fr::ONE, Fr::ONE),
            &hash2(Fr::ONE, Fr::ZERO),
        );
        assert_eq!(error, Err(SelfTestError("poseidon of 2")));
    }
}
