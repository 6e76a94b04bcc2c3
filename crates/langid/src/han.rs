//! Han characters that Japanese alone writes.

/// Those of JIS X 0208 that neither GB 2312 (simplified Chinese) nor Big5 (traditional) has, in order.
const JAPANESE: &str = "\
    丗両乕乗乢亀亅亊亜亰仏仭仮伜価侫侭俤俥値倶倹偐偖偸働僞儁儖兎児兪円冐冦冨冩冴凖処凧凩凪凾刄刋刔刧剏剣\
    剤剰剱剳劒劔労劵効勅勠勧勲匁匂匳匸卆単厠厰厳収叺呉呑呟呪咲哘唖啌啓啝喞喩喰営噐噛噺嚊嚔嚠嚢囎囘団囲図\
    圀圏圦圧圷圸坿垈垉垪垰垳埀埓埖堺塀塁塩塰塲増墸墹墻壊壌壗壜壥壱売壷壻変夊夐夘夛夲奨奬妛妬姉姙姫娚娯嫐\
    嫺嬢嬶宍実寃寉寛寳対専尅尓尠尭屓屶岻岼岾峅峠峩峯峺崕崘嵜嵳嵶嶋嶌嶐巌巓巣巵巻帋帯帰幇幤庁広廃廏廐廰廸\
    廻廼弉弌弍弐弖弾彁彑彜徃従徳徴応忰怱怺恊恠恵恷悋悧悩悪悳惣愡愼愽慂慙慯憇憙懐懴戝戞戦戯戸戻払扨抂抜択\
    拝拠拡挙挧挿捜掲掵掻揺摂撃撹擡擧擶攅敍斈斉斎旙昿晄晧晩暁暃暎暦暼曁曵曽朖朞朶朷杁杢杣杤枠枡枦枩査柾栂\
    栃栄栞栢桙桜桝桟梍梶梹梺梼棊椀椙椚椛検椡椢椣椦椨椶楕楡楳楽楾榁榊榲槇様槝槞槹樋樌樒樢権樫樮樶橲橸檪櫁\
    欅欝欟歓歩歯歳歴殱殻毎毟気氷汚汢沢浄涙涜渇済渉渋渓渕湶満溂溌滝漑潅澁澑濳濶瀞瀬烱焔焼煕熈熕燗燵爲爼牀\
    犂犇犠犲狛狢猟猯獏獣珎珱瑠璢瓧瓰瓱瓲瓸甅甎甞産甼畄畆畉畊畍畑畠畧畩畭畳疂疉疎痩瘻癧癨癶発皀皃皐皷皹県\
    眞眤瞹砕砿硲硴碁碯碵磆礇禝秡稲稾穂穃穉穏穐穣穽窓窰竃竈竍竏竒竓竕竚竜竝竡竢竪竰竸笂笶笹筬筺箆箒箚箟篏\
    篭篶簒簓簔簗籏籖籘籾粂粃粋粐粛粧粫粭糀糂糘糺絋経絵絶綉継続綛綫総緑緕緜緤縁縄縅縦繊繋繍繝繦繧繿纃纉纎\
    纐纒罎罸羂羣羮翆聟聡聢聨聴肬脇脳腟膓膤膸臈臓舎舗舘舩舮艝艢艪艶苅茘茣荘莟莵菓菷萠萢萪葢蒄蒭蓙蓚蔵蕋蕚\
    薗薫薬蘂蘓蘯蘰蚫蛍蛯蝋蝿蟇蟐蠎蠏蠧衂衆衞袮袰袴袵袿裃裄裏褄褝襃襍襷覇覊覚覧覩観觧訳説読諌諚謌謡譌譛譱\
    譲讃讐谺豼貎貭貮賍賎賛贋赱踈躙躰躱躾軅軆軈転軣軽輌輙轌轜辧辷辺辻込迚迯逎逓逧逹遅遖遡邉邨郷酔醗醤醸釈\
    釖釛釟釡釶釼鈎鈩鈬鉄鉢鉱銭銹鋭鋲鋳錬録錺錻鍄鍮鎭鎹鏥鐚鐡鑁鑓鑚鑛閇閊閖閙閠関閧閲闘陥陦険隠隣隲隷雑雫\
    霊靤靫靭靱靹鞆鞐韈韮韲頚頬頴頼頽顋顔顕颪飃飜飮餝餠饂馼駄駅駆駈駲騒験騨髄髞髢髪髴鬪鮃鮎鮖鮗鮟鮴鯏鯑鯒\
    鯣鯱鯲鯵鰄鰊鰌鰐鰕鰛鰮鰯鰰鰺鱇鱚鱶鳫鳬鳰鴎鴪鴫鴬鵄鵆鵈鵐鵞鵤鵺鶏鶫鷄鷆鹸麁麕麪麹麺麿黒黙鼈鼡齢龝";

/// The block that all of these and nearly all Han characters of any text are in.
const COMMON: std::ops::RangeInclusive<char> = '\u{4e00}'..='\u{9fff}';
const COMMON_FIRST: u32 = *COMMON.start() as u32;
const WORDS: usize = (*COMMON.end() as usize + 1 - COMMON_FIRST as usize) / 64;

/// A bit for each character of the block, set for those of [`JAPANESE`].
static BITS: [u64; WORDS] = {
    let bytes = JAPANESE.as_bytes();
    let mut bits = [0; WORDS];
    let mut at = 0;
    while at < bytes.len() {
        // All of them take three bytes.
        let point = (bytes[at] as u32 & 0x0f) << 12 | (bytes[at + 1] as u32 & 0x3f) << 6 | bytes[at + 2] as u32 & 0x3f;
        let place = point - COMMON_FIRST;
        bits[place as usize / 64] |= 1 << (place % 64);
        at += 3;
    }
    bits
};

#[inline]
pub(crate) fn is_common(c: char) -> bool {
    COMMON.contains(&c)
}

/// Whether only Japanese writes it. A few stand in Hong Kong's texts as well, so one is no proof in a long text.
#[inline]
pub(crate) fn is_japanese(c: char) -> bool {
    let place = u32::from(c).wrapping_sub(COMMON_FIRST);
    BITS.get(place as usize / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_of_three_bytes() {
        assert!(JAPANESE.chars().is_sorted() && JAPANESE.chars().all(|c| c.len_utf8() == 3));
        assert_eq!(('\0'..=char::MAX).filter(|&c| is_japanese(c)).count(), JAPANESE.chars().count());
        assert!(JAPANESE.chars().all(|c| is_common(c) && is_japanese(c)));
        assert!(!"国語学会中駅広".chars().take(5).any(is_japanese) && is_japanese('駅') && is_japanese('広'));
    }
}
