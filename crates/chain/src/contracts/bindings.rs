//! The calls, events and errors that this crate uses, as MACI's Solidity declares them.
#![allow(missing_docs, reason = "the words and their meaning are MACI's")]
#![allow(
    clippy::too_many_arguments,
    clippy::pub_underscore_fields,
    reason = "generated code"
)]

use alloy::sol;

sol! {
    /// Quadratic, non-quadratic, or quadratic's rule replaced by spending all credits on one option.
    #[derive(Debug, PartialEq, Eq)]
    enum Mode { QV, NON_QV, FULL }

    /// A point of Baby Jubjub.
    #[derive(Debug, PartialEq, Eq)]
    struct PublicKey { uint256 x; uint256 y; }

    /// The ciphertext of one message.
    #[derive(Debug, PartialEq, Eq)]
    struct Message { uint256[10] data; }

    #[derive(Debug, PartialEq, Eq)]
    struct TreeDepths {
        uint8 tallyProcessingStateTreeDepth;
        uint8 voteOptionTreeDepth;
        uint8 stateTreeDepth;
    }

    #[derive(Debug, PartialEq, Eq)]
    struct PollContracts { address poll; address messageProcessor; address tally; }

    #[derive(Debug, PartialEq, Eq)]
    struct DeployPollArgs {
        uint256 startDate;
        uint256 endDate;
        TreeDepths treeDepths;
        uint8 messageBatchSize;
        PublicKey coordinatorPublicKey;
        address verifier;
        address verifyingKeysRegistry;
        Mode mode;
        address policy;
        address initialVoiceCreditProxy;
        address[] relayers;
        uint256 voteOptions;
    }

    #[derive(Debug, PartialEq, Eq)]
    struct G1Point { uint256 x; uint256 y; }

    /// Imaginary part first.
    #[derive(Debug, PartialEq, Eq)]
    struct G2Point { uint256[2] x; uint256[2] y; }

    #[derive(Debug, PartialEq, Eq)]
    struct VerifyingKey { G1Point alpha1; G2Point beta2; G2Point gamma2; G2Point delta2; G1Point[] ic; }

    #[derive(Debug, PartialEq, Eq)]
    struct AddTallyResultsArgs {
        uint256[] voteOptionIndices;
        uint256[] tallyResults;
        uint256[][][] tallyResultProofs;
        uint256 totalSpent;
        uint256 totalSpentSalt;
        uint256 tallyResultSalt;
        uint256 newResultsCommitment;
        uint256 spentVoiceCreditsHash;
        uint256 perVOSpentVoiceCreditsHash;
    }

    #[derive(Debug, PartialEq, Eq)]
    struct TallyResult { uint256 value; bool isSet; }

    contract MACI {
        constructor(
            address pollFactory,
            address messageProcessorFactory,
            address tallyFactory,
            address signUpPolicy,
            uint8 stateTreeDepth,
            uint256[5] emptyBallotRoots
        );

        #[derive(Debug, PartialEq, Eq)]
        event SignUp(
            uint256 _stateIndex,
            uint256 _timestamp,
            uint256 indexed _userPublicKeyX,
            uint256 indexed _userPublicKeyY
        );
        #[derive(Debug, PartialEq, Eq)]
        event DeployPoll(
            uint256 _pollId,
            uint256 indexed _coordinatorPublicKeyX,
            uint256 indexed _coordinatorPublicKeyY,
            Mode _mode
        );

        function deployPoll(DeployPollArgs args) external returns (PollContracts);
        function emptyBallotRoots(uint256 index) external view returns (uint256);
        function getPoll(uint256 pollId) external view returns (PollContracts pollContracts);
        function getStateIndex(uint256 publicKeyHash) external view returns (uint256);
        function getStateRootOnIndexedSignUp(uint256 index) external view returns (uint256 stateRoot);
        function getStateTreeRoot() external view returns (uint256 root);
        function maxSignups() external view returns (uint256);
        function messageProcessorFactory() external view returns (address);
        function nextPollId() external view returns (uint256);
        function pollFactory() external view returns (address);
        function signUp(PublicKey publicKey, bytes signUpPolicyData) external;
        function signUpPolicy() external view returns (address);
        function stateTreeDepth() external view returns (uint8);
        function tallyFactory() external view returns (address);
        function totalSignups() external view returns (uint256 signUps);
    }

    contract Poll {
        #[derive(Debug, PartialEq, Eq)]
        event PublishMessage(Message _message, PublicKey _encryptionPublicKey);
        #[derive(Debug, PartialEq, Eq)]
        event MergeState(uint256 indexed _stateRoot, uint256 indexed _totalSignups);
        #[derive(Debug, PartialEq, Eq)]
        event PollJoined(
            uint256 indexed _pollPublicKeyX,
            uint256 indexed _pollPublicKeyY,
            uint256 _voiceCreditBalance,
            uint256 _nullifier,
            uint256 _pollStateIndex
        );
        #[derive(Debug, PartialEq, Eq)]
        event ChainHashUpdated(uint256 indexed _chainHash);
        #[derive(Debug, PartialEq, Eq)]
        event IpfsHashAdded(bytes32 indexed _ipfsHash);

        function actualStateTreeDepth() external view returns (uint8);
        function chainHash() external view returns (uint256);
        function coordinatorPublicKey() external view returns (uint256 x, uint256 y);
        function coordinatorPublicKeyHash() external view returns (uint256);
        function currentSbCommitment() external view returns (uint256);
        function emptyBallotRoot() external view returns (uint256);
        function endDate() external view returns (uint256);
        function extContracts() external view returns (
            address maci,
            address verifier,
            address verifyingKeysRegistry,
            address policy,
            address initialVoiceCreditProxy
        );
        function getBatchHashes() external view returns (uint256[]);
        function getStartAndEndDate() external view returns (uint256 pollStartDate, uint256 pollEndDate);
        function isBatchHashesPadded() external view returns (bool);
        function joinPoll(
            uint256 nullifier,
            PublicKey publicKey,
            uint256 stateRootIndex,
            uint256[8] proof,
            bytes signUpPolicyData,
            bytes initialVoiceCreditProxyData
        ) external;
        function mergeState() external;
        function mergedStateRoot() external view returns (uint256);
        function messageBatchSize() external view returns (uint8);
        function numMessages() external view returns (uint256);
        function padLastBatch() external;
        function pollId() external view returns (uint256);
        function pollNullifiers(uint256 nullifier) external view returns (bool);
        function publishMessage(Message message, PublicKey encryptionPublicKey) external;
        function publishMessageBatch(Message[] messages, PublicKey[] encryptionPublicKeys) external;
        function relayMessagesBatch(uint256[] messageHashes, bytes32 ipfsHash) external;
        function relayers(address relayer) external view returns (bool);
        function startDate() external view returns (uint256);
        function stateMerged() external view returns (bool);
        function totalSignups() external view returns (uint256 signups);
        function totalSignupsAndMessages() external view returns (uint256 numSUps, uint256 numMsgs);
        function treeDepths() external view returns (
            uint8 tallyProcessingStateTreeDepth,
            uint8 voteOptionTreeDepth,
            uint8 stateTreeDepth
        );
        function voteOptions() external view returns (uint256);
    }

    contract MessageProcessor {
        function currentBatchIndex() external view returns (uint256);
        function getPublicCircuitInputs(
            uint256 currentMessageBatchIndex,
            uint256 newSbCommitment,
            uint256 outputBatchHash
        ) external view returns (uint256[] publicInputs);
        function mode() external view returns (Mode);
        function poll() external view returns (address);
        function processMessages(uint256 newSbCommitment, uint256[8] proof) external;
        function processingComplete() external view returns (bool);
        function sbCommitment() external view returns (uint256);
        function totalBatchesProcessed() external view returns (uint256);
        function verifier() external view returns (address);
        function verifyingKeysRegistry() external view returns (address);
    }

    contract Tally {
        function addTallyResults(AddTallyResultsArgs args) external;
        function getPublicCircuitInputs(
            uint256 batchStartIndex,
            uint256 newTallyCommitment
        ) external view returns (uint256[] publicInputs);
        function getTallyResults(uint256 index) external view returns (TallyResult);
        function isTallied() external view returns (bool tallied);
        function messageProcessor() external view returns (address);
        function mode() external view returns (Mode);
        function poll() external view returns (address);
        function sbCommitment() external view returns (uint256);
        function tallyBatchNum() external view returns (uint256);
        function tallyCommitment() external view returns (uint256);
        function tallyVotes(uint256 newTallyCommitment, uint256[8] proof) external;
        function totalSpent() external view returns (uint256);
        function totalTallyResults() external view returns (uint256);
        function verifier() external view returns (address);
        function verifyingKeysRegistry() external view returns (address);
        function verifyPerVoteOptionSpentVoiceCredits(
            uint256 voteOptionIndex,
            uint256 spent,
            uint256[][] spentProof,
            uint256 spentSalt,
            uint8 voteOptionTreeDepth,
            uint256 spentVoiceCreditsHash,
            uint256 resultCommitment
        ) external view returns (bool isValid);
        function verifySpentVoiceCredits(
            uint256 totalSpent,
            uint256 totalSpentSalt,
            uint256 resultCommitment,
            uint256 perVoteOptionSpentVoiceCreditsHash
        ) external view returns (bool isValid);
        function verifyTallyResult(
            uint256 voteOptionIndex,
            uint256 tallyResult,
            uint256[][] tallyResultProof,
            uint256 tallyResultSalt,
            uint8 voteOptionTreeDepth,
            uint256 spentVoiceCreditsHash,
            uint256 perVoteOptionSpentVoiceCreditsHash
        ) external view returns (bool isValid);
    }

    contract VerifyingKeysRegistry {
        constructor(address initialOwner);

        event ProcessVerifyingKeySet(uint256 _signature, Mode _mode);
        event TallyVerifyingKeySet(uint256 _signature, Mode _mode);
        event PollJoiningVerifyingKeySet(uint256 _signature);
        event PollJoinedVerifyingKeySet(uint256 _signature);

        function getPollJoinedVerifyingKey(uint256 stateTreeDepth) external view returns (VerifyingKey verifyingKey);
        function getPollJoiningVerifyingKey(uint256 stateTreeDepth) external view returns (VerifyingKey verifyingKey);
        function getProcessVerifyingKey(
            uint256 stateTreeDepth,
            uint256 voteOptionTreeDepth,
            uint8 messageBatchSize,
            Mode mode
        ) external view returns (VerifyingKey verifyingKey);
        function getTallyVerifyingKey(
            uint256 stateTreeDepth,
            uint256 intStateTreeDepth,
            uint256 voteOptionTreeDepth,
            Mode mode
        ) external view returns (VerifyingKey verifyingKey);
        function hasProcessVerifyingKey(
            uint256 stateTreeDepth,
            uint256 voteOptionTreeDepth,
            uint8 messageBatchSize,
            Mode mode
        ) external view returns (bool isSet);
        function hasTallyVerifyingKey(
            uint256 stateTreeDepth,
            uint256 intStateTreeDepth,
            uint256 voteOptionTreeDepth,
            Mode mode
        ) external view returns (bool isSet);
        function isPollJoinedVerifyingKeySet(uint256 signature) external view returns (bool isSet);
        function isPollJoiningVerifyingKeySet(uint256 signature) external view returns (bool isSet);
        function owner() external view returns (address);
        function setPollJoinedVerifyingKey(uint256 stateTreeDepth, VerifyingKey key) external;
        function setPollJoiningVerifyingKey(uint256 stateTreeDepth, VerifyingKey key) external;
        function setProcessVerifyingKey(
            uint256 stateTreeDepth,
            uint256 voteOptionTreeDepth,
            uint8 messageBatchSize,
            Mode mode,
            VerifyingKey key
        ) external;
        function setTallyVerifyingKey(
            uint256 stateTreeDepth,
            uint256 intStateTreeDepth,
            uint256 voteOptionTreeDepth,
            Mode mode,
            VerifyingKey key
        ) external;
    }

    contract Verifier {
        function verify(uint256[8] proof, VerifyingKey verifyingKey, uint256[] inputs) external view returns (bool isValid);
    }

    /// Poll, message processor and tally factories: each clones one implementation.
    contract Factory {
        event CloneDeployed(address indexed clone);

        function IMPLEMENTATION() external view returns (address);
    }

    /// Every sign-up and joining policy.
    contract Policy {
        event TargetSet(address indexed guarded);

        function BASE_CHECKER() external view returns (address);
        function guarded() external view returns (address);
        function owner() external view returns (address);
        function setTarget(address guarded) external;
        function trait() external pure returns (string);
    }

    contract PolicyFactory {
        function deploy(address checkerAddress) external returns (address clone);
    }

    contract FreeForAllCheckerFactory {
        function deploy() external returns (address clone);
    }

    contract MerkleProofChecker {
        function root() external view returns (bytes32);
    }

    contract MerkleProofCheckerFactory {
        function deploy(bytes32 root) external returns (address clone);
    }

    contract ERC20Checker {
        function threshold() external view returns (uint256);
        function token() external view returns (address);
    }

    contract ERC20CheckerFactory {
        function deploy(address token, uint256 threshold) external returns (address clone);
    }

    contract EASCheckerFactory {
        function deploy(address eas, address attester, bytes32 schema) external returns (address clone);
    }

    contract InitialVoiceCreditProxy {
        function getVoiceCredits(address voter, bytes data) external view returns (uint256);
    }

    contract ConstantInitialVoiceCreditProxyFactory {
        function deploy(uint256 balance) external returns (address clone);
    }

    contract ERC20VotesInitialVoiceCreditProxyFactory {
        function deploy(uint256 snapshotBlock, address token, uint256 factor) external returns (address clone);
    }

    /// An attestation service that knows one attester, schema and recipient: the attestations 1 to 4 are revoked, of another
    /// schema, of another recipient and of another attester, and every other one is good; for test chains.
    contract MockEAS {
        constructor(address attester, bytes32 schema, address recipient);
    }

    /// A token in which everybody has the same past votes; for test chains.
    contract MockERC20Votes {
        constructor(string name, string symbol);

        function changeVotes(uint256 votes) external;
        function getPastVotes(address account, uint256 block) external view returns (uint256);
    }

    /// A token that hands its whole supply to who deploys it; for test chains.
    contract MockERC20 {
        constructor(string name, string symbol);

        function balanceOf(address account) external view returns (uint256);
        function transfer(address to, uint256 value) external returns (bool);
    }
}
