//! The manual's glossary: what newcomers call things, in English and Japanese, and what we call them.
//!
//! The manual is written in English and in our words; a question comes in the asker's. The phrasings of
//! each section bridge that for whole questions, this table for single words: a question that says 鍵
//! is searched with *key* as well, one that says *thumb drive* with *stick*. It serves the manual's
//! shelf only. In a person's own documents a search compares what they wrote with what they asked and
//! nothing else.
//!
//! A line is a concept, never a question; it belongs here if it holds for the whole manual. English is
//! compared by stem, Japanese by its characters anywhere in the question.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::text;

/// Our words, and the others' words for them: a concept on each line.
const CONCEPTS: &str = "
account: register registration signup login アカウント ユーザー ログイン
acknowledgement: receipt confirmation 受領 受け取 届いた
add: install load put 追加 登録 インストール
admin: administrator boss moderator 管理
admit: invite join invitation 招待 加入 参加
answer: reply response 回答 返事 答え 返答
audit: log history 監査 履歴
backup: バックアップ
bundle: package バンドル
busy: locked ビジー 使用中 ロック
card: カード
chat: talk conversation チャット 会話 対話
circle: group community team サークル グループ
colour: color 色 カラー
completion: autocomplete autocompletion 補完
cron: schedule automatic automatically unattended 自動 定期
decrypt: 復号
delete: erase 削除 消す 消し
directory: folder path フォルダ ディレクトリ 保存場所 保存先
disk: storage ディスク ストレージ
document: note article 文書 文章 ドキュメント メモを ノート 資料
doctor: diagnose troubleshoot healthy 診断 調子 不具合
download: ダウンロード 手に入
ember: エンバー
encrypt: cipher 暗号
error: エラー 失敗
exit code: returncode errorlevel 終了コード 戻り値
export: 書き出 書き込 エクスポート
file: ファイル
fingerprint: 指紋 フィンガープリント 本人 なりすま
format: 形式 フォーマット
found: create establish 創設 設立 作る 作り 作成
first: begin 最初 初回 はじめ 初め
gc: cleanup 掃除 整理
heading: 見出し
identity: 身元 アイデンティティ
import: 取り込 読み込 インポート
inspect: preview 中身 調べ 検査
key: 鍵
language: 言語
large: big huge size 大き サイズ 容量
library: ライブラリ
list: 一覧 リスト
lost: missing disappear 紛失 なくし 落とし 失くし
machine: computer laptop pc desktop device パソコン コンピュータ 機械 端末 マシン
manual: handbook documentation マニュアル 説明書
member: person people participant メンバー 仲間 友人 友達 参加者
model: llm ai モデル 人工知能
network: internet online offline airgap wifi lan ネット オンライン オフライン
open: extract unpack 開く 開け 取り出
passphrase: password パスワード パスフレーズ
power: 停電 電源
private: privacy secret confidential 個人 プライバシー 秘密 非公開
question: 質問
random: 乱数 ランダム
refused: reject deny 拒否 拒ま 断られ
remove: uninstall discard 取り除 外す 外し アンインストール
restore: recover 復元
rotate: replace renew 交換 取り替え 鍵の更新 新しい鍵
search: find look 検索 探す 探し
seed: シード
settings: configuration config option preference 設定
share: publish distribute 共有 配る 配り 公開 渡す 渡し
signature: signed 署名
space: room 空き 容量
status: 状態 状況
stick: usb thumb flash pendrive drive スティック
stolen: steal thief 盗ま 盗み
strangers: public outsider 他人 部外者 第三者
suspend: ban kick block expel exclude 停止 除名 追放 追い出
temperature: 温度
tools: software ツール 道具
toy: おもちゃ
update: news 最新 アップデート
verify: validate authentic 検証 照合
version: バージョン
visible: 見え 見られ
withdraw: undo unshare retract revoke 撤回 取り消 取り下げ
";

/// One concept, ready to be compared.
struct Concept {
    ours: Vec<String>,
    stems: HashSet<String>,
    characters: Vec<&'static str>,
}

static TABLE: LazyLock<Vec<Concept>> = LazyLock::new(|| {
    lines()
        .map(|(ours, theirs)| {
            let (english, japanese): (Vec<&str>, Vec<&str>) =
                theirs.split_whitespace().partition(|word| word.is_ascii());
            Concept {
                ours: text::terms(ours),
                stems: english.iter().flat_map(|word| text::terms(word)).collect(),
                characters: japanese,
            }
        })
        .collect()
});

/// The table's lines, taken apart; an empty one has no colon.
fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    CONCEPTS.lines().filter_map(|line| line.split_once(": "))
}

/// Our terms for what `question` says in other words, without those that `terms` has already.
#[must_use]
pub(crate) fn ours(question: &str, terms: &[String]) -> Vec<String> {
    let folded: String = text::fold(question).collect();
    let mut found = Vec::new();
    for concept in TABLE.iter() {
        let said = terms.iter().any(|term| concept.stems.contains(term))
            || concept.characters.iter().any(|word| folded.contains(word));
        if said {
            for term in &concept.ours {
                if !terms.contains(term) && !found.contains(term) {
                    found.push(term.clone());
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(question: &str) -> Vec<String> {
        ours(question, &super::super::question::terms(question))
    }

    #[test]
    fn other_words_lead_to_ours() {
        assert_eq!(expanded("thumb drive"), text::terms("stick"));
        assert_eq!(expanded("鍵を見せて"), ["key"]);
        assert_eq!(expanded("ﾊﾟｽﾜｰﾄﾞ"), text::terms("passphrase"));
        assert!(expanded("key").is_empty());
        assert!(expanded("").is_empty());
    }

    #[test]
    fn the_table_is_in_the_form_that_is_compared() {
        assert_eq!(lines().count(), CONCEPTS.trim().lines().count());
        let mut ours = HashSet::new();
        for (word, theirs) in lines() {
            assert!(ours.insert(word), "{word} twice");
            for other in theirs.split_whitespace() {
                let folded: String = text::fold(other).collect();
                assert_eq!(folded, *other);
                assert!(!text::terms(other).is_empty());
            }
        }
    }
}
